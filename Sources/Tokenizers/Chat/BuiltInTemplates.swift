extension ChatTemplate {
  /// The templates a recipe can name.
  public static let builtIn = [chatML, llama3, zephyr, alpaca, plain]

  /// The built-in template of that name.
  public init?(named name: String) {
    guard let template = Self.builtIn.first(where: { $0.name == name }) else { return nil }
    self = template
  }

  /// What a recipe can name, for messages.
  package static var names: String { builtIn.map(\.name).joined(separator: ", ") }

  private static func builtIn(
    _ name: String, tokens: [String] = [], inputSeparator: String = "\n\n", _ jinja: String
  ) -> ChatTemplate {
    // The texts stand below, and the tests render each of them.
    try! ChatTemplate(name, jinja: jinja, tokens: tokens, inputSeparator: inputSeparator)
  }

  /// ChatML: any role, every turn ends with `<|im_end|>` (Qwen, SmolLM2 and many others).
  public static let chatML = builtIn(
    "chatml", tokens: ["<|im_start|>", "<|im_end|>"],
    #"""
    {% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}\#
    {% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}
    """#)

  /// Llama 3's: any role, every turn ends with `<|eot_id|>`, contents are trimmed.
  public static let llama3 = builtIn(
    "llama3", tokens: ["<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"],
    #"""
    {% set loop_messages = messages %}{% for message in loop_messages %}{% set content = '<|start_header_id|>' + \#
    message['role'] + '<|end_header_id|>\n\n'+ message['content'] | trim + '<|eot_id|>' %}\#
    {% if loop.index0 == 0 %}{% set content = bos_token + content %}{% endif %}{{ content }}{% endfor %}\#
    {% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}
    """#)

  /// Zephyr's: headers are ordinary text, every turn ends with the end of text (also TinyLlama's and StableLM's).
  public static let zephyr = builtIn(
    "zephyr",
    #"""
    {% for message in messages %}
    {% if message['role'] == 'user' %}
    {{ '<|user|>\n' + message['content'] + eos_token }}
    {% elif message['role'] == 'system' %}
    {{ '<|system|>\n' + message['content'] + eos_token }}
    {% elif message['role'] == 'assistant' %}
    {{ '<|assistant|>\n'  + message['content'] + eos_token }}
    {% endif %}
    {% if loop.last and add_generation_prompt %}
    {{ '<|assistant|>' }}
    {% endif %}
    {% endfor %}
    """#)

  /// Stanford Alpaca's text, with the end of text after each answer.
  public static let alpaca = builtIn(
    "alpaca", inputSeparator: "\n\n### Input:\n",
    #"""
    {% if messages[0]['role'] != 'system' %}{{ 'Below is an instruction that describes a task. Write a response that \#
    appropriately completes the request.\n\n' }}{% endif %}{% for message in messages %}\#
    {% if message['role'] == 'system' %}{{ message['content'] + '\n\n' }}\#
    {% elif message['role'] == 'user' %}{{ '### Instruction:\n' + message['content'] + '\n\n' }}\#
    {% elif message['role'] == 'assistant' %}{{ '### Response:\n' + message['content'] + eos_token + '\n\n' }}\#
    {% else %}{{ raise_exception('no turns of role ' + message['role']) }}{% endif %}{% endfor %}\#
    {% if add_generation_prompt %}{{ '### Response:\n' }}{% endif %}
    """#)

  /// A few letters a turn and no new tokens, for models with a small vocabulary. The blank before an answer is a part of it: a
  /// vocabulary has tokens of a blank and a word, which a prompt that ends in one would never meet.
  public static let plain = builtIn(
    "plain",
    #"""
    {% for message in messages %}{% if message['role'] == 'system' %}{{ message['content'] + '\n' }}\#
    {% elif message['role'] == 'user' %}{{ 'Q: ' + message['content'] + '\n' }}\#
    {% elif message['role'] == 'assistant' %}{{ 'A: ' + message['content'] + eos_token + '\n' }}\#
    {% else %}{{ raise_exception('no turns of role ' + message['role']) }}{% endif %}{% endfor %}\#
    {% if add_generation_prompt %}{{ 'A:' }}{% endif %}
    """#)
}
