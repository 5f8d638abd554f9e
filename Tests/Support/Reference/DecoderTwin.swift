import Files
import Foundation

/// The decoders of transformers, one token after the other in double precision: what `modeling_llama.py`, `modeling_qwen3.py`,
/// `modeling_gemma3.py`, `modeling_olmo2.py`, `modeling_phi3.py`, `modeling_smollm3.py`, `modeling_granite.py` and
/// `modeling_gpt_neox.py` compute from a config.json.
package struct DecoderTwin {
  private typealias Number = Tape.Number
  private let config: JSONValue
  private let tape = Tape()
  private var weights: [String: (shape: [Int], numbers: [Tape.Number])] = [:]
  private let order: [String]

  /// Logits, loss and gradients.
  package struct Result {
    /// [B T, V].
    package let logits: [Double]
    package let loss: Double
    /// By the names of the weights.
    package let gradients: [String: ReferenceArray]
  }

  package init(config: JSONValue, weights: [String: ReferenceArray]) {
    self.config = config
    order = weights.keys.sorted()
    for name in order {
      let array = weights[name]!
      self.weights[name] = (array.shape, array.values.map(tape.leaf))
    }
  }

  // MARK: The configuration

  private func number(_ key: String) -> Double? { config[key]?.double }
  private func integer(_ key: String) -> Int { config[key]!.integer! }
  private func flag(_ key: String) -> Bool { config[key]?.bool ?? false }
  private var kind: String { config["model_type"]!.string! }
  /// The token whose lookups teach nothing: the key, or the class's default as far as the vocabulary reaches.
  private var padding: Int? {
    if isNeoX { return nil }
    return config["pad_token_id"].map(\.integer) ?? ["gemma3_text": 0, "olmo2": 1][kind]
  }
  private var isNeoX: Bool { kind == "gpt_neox" }
  private var layers: Int { integer("num_hidden_layers") }
  private var heads: Int { integer("num_attention_heads") }
  private var keyHeads: Int { config["num_key_value_heads"]?.integer ?? heads }
  private var size: Int { config["head_dim"]?.integer ?? integer("hidden_size") / heads }
  private var epsilon: Double { number("rms_norm_eps") ?? number("layer_norm_eps")! }

  /// How many keys a token sees in a layer.
  private func window(_ layer: Int) -> Int {
    let window = config["sliding_window"]?.integer ?? .max
    if let kinds = config["layer_types"]?.array { return kinds[layer] == "sliding_attention" ? window : .max }
    switch kind {
    case "mistral", "phi3": return window
    case "smollm3": return flag("use_sliding_window") && !rotates(layer) ? window : .max
    case "qwen2", "qwen3":
      return flag("use_sliding_window") && layer >= integer("max_window_layers") ? window : .max
    default: return .max
    }
  }

  private func rotates(_ layer: Int) -> Bool {
    guard kind == "smollm3" else { return true }
    if let list = config["no_rope_layers"]?.array { return list[layer].integer == 1 }
    return (layer + 1) % (config["no_rope_layer_interval"]?.integer ?? 4) != 0
  }

  // MARK: Rotation

  /// The frequencies and the factor of cosines and sines, in a layer, of texts of `reach` positions.
  private func rotation(_ layer: Int, reach: Int) -> (frequencies: [Double], factor: Double) {
    let isLocal = kind == "gemma3_text" && window(layer) != .max
    let theta = isLocal ? number("rope_local_base_freq") ?? 10000 : number("rope_theta") ?? number("rotary_emb_base")!
    let share = number("partial_rotary_factor") ?? number("rotary_pct") ?? 1
    let width = Int(Double(size) * share)
    func plain(_ theta: Double) -> [Double] {
      (0..<width / 2).map { 1 / pow(theta, 2 * Double($0) / Double(width)) }
    }
    let scaling = isLocal ? nil : config["rope_scaling"]
    let positions = Double(integer("max_position_embeddings"))
    let original =
      config["original_max_position_embeddings"]?.double ?? scaling?["original_max_position_embeddings"]?.double
      ?? positions
    let factor = scaling?["factor"]?.double ?? positions / original
    switch scaling?["rope_type"]?.string ?? scaling?["type"]?.string {
    case "linear": return (plain(theta).map { $0 / factor }, 1)
    case "dynamic":
      let length = max(Double(reach), positions)
      let growth = factor * length / positions - (factor - 1)
      return (plain(theta * pow(growth, Double(width) / Double(width - 2))), 1)
    case "longrope":
      let key = Double(reach) > original ? "long_factor" : "short_factor"
      let factors = scaling![key]!.array!.map { $0.double! }
      let amplitude = factor > 1 ? sqrt(1 + log(factor) / log(original)) : 1
      return (zip(plain(theta), factors).map { $0 / $1 }, amplitude)
    case "yarn":
      func dimension(_ turns: Double) -> Double {
        Double(width) * log(original / (turns * 2 * .pi)) / (2 * log(theta))
      }
      let low = max(0, floor(dimension(scaling!["beta_fast"]?.double ?? 32)))
      let high = min(Double(width - 1), ceil(dimension(scaling!["beta_slow"]?.double ?? 1)))
      let frequencies = plain(theta).enumerated().map { pair, frequency in
        let ramp = min(1, max(0, (Double(pair) - low) / (high == low ? 0.001 : high - low)))
        return frequency / factor * ramp + frequency * (1 - ramp)
      }
      return (frequencies, 0.1 * log(factor) + 1)
    default: return (plain(theta), 1)
    }
  }

  private func rotated(_ x: [Number], position: Int, _ rotation: (frequencies: [Double], factor: Double)) -> [Number] {
    let half = rotation.frequencies.count
    return x.indices.map { channel in
      if channel >= 2 * half { return x[channel] }
      let angle = Double(position) * rotation.frequencies[channel % half]
      let (cosine, sine) = (cos(angle) * rotation.factor, sin(angle) * rotation.factor)
      let other = channel < half ? x[channel + half] : x[channel - half]
      return tape.combination([(x[channel], cosine), (other, channel < half ? -sine : sine)])
    }
  }

  // MARK: Layers

  private func linear(_ name: String, _ x: [Number]) -> [Number] {
    let (shape, numbers) = weights[name + ".weight"]!
    let bias = weights[name + ".bias"]?.numbers
    return (0..<shape[0]).map { row in
      let product = tape.dot(Array(numbers[row * shape[1]..<(row + 1) * shape[1]]), x)
      return bias.map { tape.combination([(product, 1), ($0[row], 1)]) } ?? product
    }
  }

  private func norm(_ name: String, _ x: [Number]) -> [Number] {
    let weight = weights[name + ".weight"]!.numbers
    let count = Double(x.count)
    if let bias = weights[name + ".bias"]?.numbers {
      let mean = tape.combination(x.map { ($0, 1 / count) })
      let centred = x.map { tape.combination([($0, 1), (mean, -1)]) }
      let inverse = inverseRoot(centred)
      return x.indices.map { i in
        tape.combination([(tape.product(centred[i], inverse, weight[i]), 1), (bias[i], 1)])
      }
    }
    let inverse = inverseRoot(x)
    return x.indices.map { i in
      let scaled = tape.product(x[i], inverse, weight[i])
      return kind == "gemma3_text" ? tape.combination([(scaled, 1), (tape.product(x[i], inverse), 1)]) : scaled
    }
  }

  /// 1 / √(mean(x²) + ε).
  private func inverseRoot(_ x: [Number]) -> Number {
    let mean = tape.combination([(tape.dot(x, x), 1 / Double(x.count))])
    return tape.power(tape.combination([(mean, 1), (tape.leaf(epsilon), 1)]), -0.5)
  }

  private func add(_ x: [Number], _ y: [Number], _ factor: Double = 1) -> [Number] {
    zip(x, y).map { tape.combination([($0, 1), ($1, factor)]) }
  }

  // MARK: Attention

  private func heads(_ x: [Number]) -> [[Number]] {
    stride(from: 0, to: x.count, by: size).map { Array(x[$0..<$0 + size]) }
  }

  /// Queries, keys and values of a token, before they are rotated.
  private func projections(_ prefix: String, _ x: [Number]) -> [[[Number]]] {
    switch kind {
    case "gpt_neox":
      let parts = heads(linear(prefix + "attention.query_key_value", x))
      return (0..<3).map { part in (0..<heads).map { parts[3 * $0 + part] } }
    case "phi3":
      let parts = heads(linear(prefix + "self_attn.qkv_proj", x))
      return [
        Array(parts[..<heads]), Array(parts[heads..<heads + keyHeads]), Array(parts[(heads + keyHeads)...]),
      ]
    default:
      return ["q", "k", "v"].map { part in
        var y = linear("\(prefix)self_attn.\(part)_proj", x)
        let name = "\(prefix)self_attn.\(part)_norm"
        guard weights[name + ".weight"] != nil else { return heads(y) }
        if kind == "olmo2" { y = norm(name, y) }
        return kind == "olmo2" ? heads(y) : heads(y).map { norm(name, $0) }
      }
    }
  }

  private var scale: Double {
    switch kind {
    case "gemma3_text": 1 / sqrt(number("query_pre_attn_scalar") ?? 256)
    case "granite": number("attention_multiplier") ?? 1
    default: 1 / sqrt(Double(size))
    }
  }

  /// Attention of all tokens [T, C] of a row, without what comes before and after it.
  private func attention(_ layer: Int, _ x: [[Number]], positions: [Int], starts: [Int]) -> [[Number]] {
    let prefix = "\(isNeoX ? "gpt_neox" : "model").layers.\(layer)."
    let tokens = x.indices.map { token in
      // The angles for its document, however long the others are.
      let reach = zip(starts, positions).filter { $0.0 == starts[token] }.map(\.1).max()! + 1
      let rotation = rotation(layer, reach: reach)
      return projections(prefix, x[token]).enumerated().map { part, heads in
        part < 2 && rotates(layer) ? heads.map { rotated($0, position: positions[token], rotation) } : heads
      }
    }
    return x.indices.map { query in
      let first = max(starts[query], window(layer) == .max ? 0 : query - window(layer) + 1)
      let output = (0..<heads).flatMap { head in
        let own = head / (heads / keyHeads)
        let scores = (first...query).map { key in
          tape.combination([(tape.dot(tokens[query][0][head], tokens[key][1][own]), scale)])
        }
        let largest = tape.leaf(scores.map(tape.value).max()!)
        let exponentials = scores.map { tape.exp(tape.combination([($0, 1), (largest, -1)])) }
        let inverse = tape.power(tape.combination(exponentials.map { ($0, 1) }), -1)
        let shares = exponentials.map { tape.product($0, inverse) }
        return (0..<size).map { channel in
          tape.dot(shares, (first...query).map { tokens[$0][2][own][channel] })
        }
      }
      return linear(prefix + (isNeoX ? "attention.dense" : "self_attn.o_proj"), output)
    }
  }

  private func feedForward(_ prefix: String, _ x: [Number]) -> [Number] {
    if isNeoX {
      let hidden = linear(prefix + "mlp.dense_h_to_4h", x)
      return linear(prefix + "mlp.dense_4h_to_h", hidden.map { tape.apply(.exactGELU, $0) })
    }
    let both =
      kind == "phi3"
      ? linear(prefix + "mlp.gate_up_proj", x)
      : linear(prefix + "mlp.gate_proj", x) + linear(prefix + "mlp.up_proj", x)
    let activation = kind == "gemma3_text" ? Twin.gelu : .silu
    let width = both.count / 2
    let gated = (0..<width).map { tape.product(tape.apply(activation, both[$0]), both[width + $0]) }
    return linear(prefix + "mlp.down_proj", gated)
  }

  // MARK: The model

  /// The logits [T, V] of a row.
  private func logits(_ tokens: [Int], positions: [Int], starts: [Int]) -> [[Number]] {
    let (model, width) = (isNeoX ? "gpt_neox" : "model", integer("hidden_size"))
    let embedding = weights["\(model).\(isNeoX ? "embed_in" : "embed_tokens").weight"]!.numbers
    let factor = kind == "gemma3_text" ? sqrt(Double(width)) : number("embedding_multiplier") ?? 1
    let residual = number("residual_multiplier") ?? 1
    var x = tokens.map { token in
      (0..<width).map { channel in
        let weight = embedding[token * width + channel]
        return tape.combination([(token == padding ? tape.leaf(tape.value(weight)) : weight, factor)])
      }
    }
    for layer in 0..<layers {
      let prefix = "\(model).layers.\(layer)."
      func optional(_ name: String, _ x: [Number], unless isLeftOut: Bool = false) -> [Number] {
        isLeftOut ? x : norm(prefix + name, x)
      }
      let (isAfter, isBoth) = (kind == "olmo2", kind == "gemma3_text")
      let before = isBoth ? "pre_feedforward_layernorm" : "post_attention_layernorm"
      let read = x.map { optional("input_layernorm", $0, unless: isAfter) }
      let attended = attention(layer, read, positions: positions, starts: starts).map {
        optional("post_attention_layernorm", $0, unless: !(isAfter || isBoth))
      }
      let stream = zip(x, attended).map { add($0, $1, residual) }
      let isParallel = isNeoX && (config["use_parallel_residual"]?.bool ?? true)
      let fed = (isParallel ? x : stream).map { x in
        let y = feedForward(prefix, optional(before, x, unless: isAfter))
        return optional("post_feedforward_layernorm", y, unless: !(isAfter || isBoth))
      }
      x = zip(stream, fed).map { add($0, $1, residual) }
    }
    let head = isNeoX ? "embed_out" : flag("tie_word_embeddings") ? "model.embed_tokens" : "lm_head"
    let divisor = number("logits_scaling") ?? 1
    return x.map { x in
      linear(head, norm(isNeoX ? "gpt_neox.final_layer_norm" : "model.norm", x)).map {
        tape.combination([($0, 1 / divisor)])
      }
    }
  }

  /// What the model computes for rows of tokens [B, T]; the loss is the mean over the targets that are not negative.
  package func evaluate(
    tokens: IntegerArray, targets: IntegerArray, positions: IntegerArray, documentStarts: IntegerArray
  ) -> Result {
    let (rows, columns) = (tokens.shape[0], tokens.shape[1])
    let all = (0..<rows).flatMap { row -> [[Number]] in
      let range = row * columns..<(row + 1) * columns
      return logits(
        Array(tokens.values[range]), positions: Array(positions.values[range]),
        starts: Array(documentStarts.values[range]))
    }
    let losses = zip(all, targets.values).compactMap { logits, target -> Number? in
      guard target >= 0 else { return nil }
      let sum = tape.combination(logits.map { (tape.exp($0), 1) })
      return tape.combination([(tape.log(sum), 1), (logits[target], -1)])
    }
    let loss = tape.combination(losses.map { ($0, 1 / Double(losses.count)) })
    let gradient = tape.gradient(of: loss)
    var (gradients, index): ([String: ReferenceArray], Int) = ([:], 0)
    for name in order {
      let (shape, numbers) = weights[name]!
      gradients[name] = ReferenceArray(shape, Array(gradient[index..<index + numbers.count]))
      index += numbers.count
    }
    return Result(
      logits: all.flatMap { $0.map(tape.value) }, loss: tape.value(loss), gradients: gradients)
  }
}
