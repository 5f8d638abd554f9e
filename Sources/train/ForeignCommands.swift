/// What commands are called in other programs (llama.cpp, Axolotl, torchtune, lm-evaluation-harness, MLX), and what does their work here.
enum ForeignCommands {
  private static let notes: [(words: [String], note: String)] = [
    (["train", "fit", "start", "launch"], "`train run RECIPE` runs a recipe"),
    (
      ["finetune", "fine-tune", "fine_tune", "tune", "instruct", "lora"],
      "`train sft RECIPE` tunes on conversations, `train dpo RECIPE` on pairs of answers; with \"adapter\" both train LoRA"
    ),
    (["kto", "orpo", "simpo", "ipo", "cpo"], "`train dpo RECIPE` does it: objective.name=kto, or objective.loss_type"),
    (
      ["infer", "inference", "sample", "complete", "completion", "predict", "cli"],
      "`train generate MODEL` writes text, `train chat MODEL` converses"
    ),
    (["serve", "server", "api"], "there is no server: llama.cpp serves what `train export MODEL model.gguf` writes"),
    (
      ["convert", "convert-hf-to-gguf", "convert_hf_to_gguf"],
      "`train export MODEL OUT` writes a model for other programs, `train import MODEL FOLDER` makes a checkpoint of theirs"
    ),
    (["quantize", "quantise"], "`train export MODEL OUT.gguf --dtype q8_0` rounds the weights"),
    (["merge", "merge-lora", "merge_lora", "fuse"], "`train export RUN OUT --to hf` merges an adapter into its base"),
    (["evaluate", "evaluation", "lm-eval", "lm_eval", "perplexity", "test"], "`train eval MODEL` measures"),
    (
      ["list", "ls", "cp", "copy"],
      "`train recipes` lists the recipes that are built in, `train recipes copy NAME FILE` copies one"
    ),
    (["tokenize", "encode"], "`train tokenizer encode TOKENIZER TEXT` does it"),
    (
      ["download", "pull"],
      "nothing is loaded over the network: download the folder or the GGUF file, and name it"
    ),
    (["preprocess", "prepare-data"], "`train prepare RECIPE` does it, and a run by itself"),
  ]

  /// What to type in the place of a word; nil where nothing is known.
  static func note(on word: String) -> String? {
    notes.first { $0.words.contains(word.lowercased()) }?.note
  }
}
