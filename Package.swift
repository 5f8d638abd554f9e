// swift-tools-version: 6.0
import Foundation
import PackageDescription

// The instruction set that the kernels are compiled for. `native` is the machine that builds; set TRAIN_MARCH=x86-64-v3
// for a binary that runs on any CPU with AVX2.
let march = ProcessInfo.processInfo.environment["TRAIN_MARCH"] ?? "native"

// Innermost loops begin at a line of 64 bytes: products are up to 5 % slower where they happen to lie elsewhere. Loop strength
// reduction would give every row of a tile a pointer of its own, for which there are not registers enough.
#if arch(x86_64)
  let codeGeneration = ["-Xllvm", "-x86-experimental-pref-innermost-loop-alignment=6", "-Xllvm", "-disable-lsr"]
#else
  let codeGeneration: [String] = []
#endif

// Only Kernels drops the run-time checks: it takes raw memory whose bounds its callers have checked, and it is
// optimised in debug builds too, or the tests would crawl. Square roots vectorise only without errno.
let kernelSettings: [SwiftSetting] = [
  .unsafeFlags(
    [
      "-Ounchecked", "-disable-batch-mode", "-wmo", "-num-threads", "2", "-Xcc", "-march=\(march)", "-Xcc",
      "-mprefer-vector-width=512", "-Xcc", "-fno-math-errno",
    ] + codeGeneration)
]

let package = Package(
  name: "train",
  products: [.executable(name: "train", targets: ["train"])],
  targets: [
    .systemLibrary(
      name: "CHDF5", pkgConfig: "hdf5", providers: [.apt(["libhdf5-dev"])]),
    .systemLibrary(name: "CInstructionSet"),
    .systemLibrary(name: "CProcessor"),
    .target(name: "CCommandLine"),
    .target(name: "CSignals"),

    .target(name: "Machine"),
    .target(name: "Numerics"),
    .target(name: "Files", dependencies: ["CSignals"]),
    .target(
      name: "Kernels", dependencies: ["CInstructionSet", "CProcessor", "Machine", "Numerics"], exclude: ["README.md"],
      swiftSettings: kernelSettings),
    .target(name: "Communication", dependencies: ["Files", "Kernels", "Machine"], exclude: ["README.md"]),
    .target(name: "Autograd", dependencies: ["Kernels", "Numerics"]),
    .target(name: "Models", dependencies: ["Autograd", "Files", "Kernels"]),
    .target(name: "Jinja", dependencies: ["Files"]),
    .target(name: "Tokenizers", dependencies: ["Files", "Jinja"]),
    .target(name: "Corpus", dependencies: ["Files", "Jinja", "Kernels", "Machine", "Numerics", "Tokenizers"]),
    .target(name: "Checkpoints", dependencies: ["CHDF5", "Files", "Machine", "Numerics"]),
    .target(
      name: "ModelFiles",
      dependencies: ["Autograd", "Checkpoints", "Files", "Kernels", "Models", "Numerics", "Tokenizers"],
      exclude: ["README.md"]),
    .target(name: "Inference", dependencies: ["Autograd", "Files", "ModelFiles", "Models", "Tokenizers"]),
    .target(
      name: "Training",
      dependencies: ["Autograd", "Communication", "Corpus", "Files", "Kernels", "Models", "Numerics", "Tokenizers"]),
    .target(name: "Stories", dependencies: ["Numerics"]),
    .target(
      name: "Runs",
      dependencies: [
        "Autograd", "Checkpoints", "Communication", "Corpus", "Files", "Inference", "Jinja", "Kernels", "Machine",
        "ModelFiles",
        "Models",
        "Stories", "Tokenizers", "Training",
      ]),
    .executableTarget(
      name: "train",
      dependencies: [
        "CCommandLine", "Checkpoints", "Communication", "Corpus", "Files", "Inference", "Kernels", "Machine",
        "ModelFiles", "Models",
        "Runs",
        "Stories",
        "Tokenizers",
        "Training",
      ]),

    .target(name: "Support", dependencies: ["Communication", "Files", "Kernels"], path: "Tests/Support"),
    .testTarget(name: "SupportTests", dependencies: ["Support"]),
    .testTarget(name: "FilesTests", dependencies: ["Files", "Support"]),
    .testTarget(name: "NumericsTests", dependencies: ["Numerics"]),
    .testTarget(name: "KernelsTests", dependencies: ["Kernels", "Machine", "Numerics", "Support"]),
    .testTarget(name: "CommunicationTests", dependencies: ["Communication", "Files", "Kernels", "Support"]),
    .testTarget(name: "AutogradTests", dependencies: ["Autograd", "Kernels", "Support"]),
    .testTarget(name: "ModelsTests", dependencies: ["Autograd", "Files", "Kernels", "Models", "Support"]),
    .testTarget(name: "JinjaTests", dependencies: ["Files", "Jinja", "Support"]),
    .testTarget(
      name: "TokenizersTests", dependencies: ["Checkpoints", "Files", "Jinja", "Support", "Tokenizers"]),
    .testTarget(name: "CorpusTests", dependencies: ["Corpus", "Files", "Support", "Tokenizers"]),
    .testTarget(name: "StoriesTests", dependencies: ["Stories"]),
    .testTarget(name: "CheckpointsTests", dependencies: ["Checkpoints", "CHDF5", "Files", "Numerics", "Support"]),
    .testTarget(
      name: "InferenceTests",
      dependencies: ["Autograd", "Files", "Inference", "Kernels", "Models", "Support", "Tokenizers"]),
    .testTarget(
      name: "ModelFilesTests",
      dependencies: [
        "Autograd", "Checkpoints", "Files", "Inference", "Kernels", "ModelFiles", "Models", "Numerics", "Support",
        "Tokenizers",
      ]),
    .testTarget(
      name: "TrainingTests",
      dependencies: ["Autograd", "Communication", "Corpus", "Files", "Kernels", "Models", "Support", "Training"]),
    .testTarget(
      name: "RunsTests",
      dependencies: [
        "Autograd", "Checkpoints", "Communication", "Corpus", "Files", "Kernels", "Machine", "ModelFiles", "Models",
        "Runs",
        "Support", "Tokenizers", "Training",
      ]),
    .testTarget(
      name: "CommandTests",
      dependencies: ["Checkpoints", "Files", "Inference", "Models", "Runs", "Support", "Tokenizers", "train"]),
  ],
  swiftLanguageModes: [.v6]
)

// Only for Tests/fuzz/run.
if ProcessInfo.processInfo.environment["TRAIN_FUZZ"] != nil {
  package.products.append(.executable(name: "fuzz", targets: ["fuzz"]))
  package.targets.append(
    .executableTarget(
      name: "fuzz", dependencies: ["Checkpoints", "Corpus", "Files", "Jinja", "Tokenizers"], path: "Tests/fuzz/Targets",
      swiftSettings: [.unsafeFlags(["-parse-as-library"])],
      linkerSettings: [.unsafeFlags(["-sanitize=fuzzer,address"])]))
}
