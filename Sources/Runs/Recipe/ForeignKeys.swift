import Files

/// What settings are called in other programs (transformers, TRL, torchtune, Axolotl, LLaMA-Factory, nanoGPT, litgpt, PEFT,
/// Lightning), and what they are called here.
package enum ForeignKeys {
  /// What a foreign name stands for.
  package struct Meaning: Sendable, Equatable {
    /// The key of a recipe; nil where there is none.
    package let key: String?
    package let remark: String?

    /// One line: the key, and what is to be known about it.
    package var note: String {
      guard let key else { return remark ?? "" }
      return "here it is \"\(key)\"" + (remark.map { ": \($0)" } ?? "")
    }
  }

  /// The meaning of a name, or of the last part of a path; nil where it is not known.
  package static func meaning(of path: String) -> Meaning? {
    let path = normalized(path)
    let name = path.split(separator: ".").last.map(String.init) ?? path
    if path.hasPrefix("model."), let meaning = ofModels[name] { return meaning }
    return all[path] ?? all[name] ?? (path == name ? ofModels[name] : nil)
  }

  /// `--learning-rate` and `learningRate` are `learning_rate`.
  private static func normalized(_ path: String) -> String {
    var text = ""
    for character in path.replacing("-", with: "_") {
      if character.isUppercase, let last = text.last, last.isLowercase || last.isNumber { text.append("_") }
      text += character.lowercased()
    }
    return text
  }

  /// Every key that the tables name.
  package static var targets: Set<String> { Set((Array(all.values) + Array(ofModels.values)).compactMap(\.key)) }

  private static let all = table(
    optimization + amounts + storage + data + objectives + adapters + [
      (
        "device device_map use_cpu no_cuda cuda gpu gpus n_gpu accelerator devices local_rank ddp fsdp deepspeed backend strategy",
        nil, "everything runs on the processors of this machine; \"threads\" says on how many"
      ),
      ("num_threads n_threads cpus num_cpus nproc", "threads", nil),
      (
        "num_workers dataloader_num_workers num_proc preprocessing_num_workers dataset_num_proc pin_memory", nil,
        "not needed: data is read beside the training"
      ),
      (
        "compile torch_compile flash_attention flash_attn use_flash_attention_2 attn_implementation fused tf32 use_liger_kernel",
        nil, "not needed: the kernels are what they are, and fused"
      ),
      (
        "dropout attn_dropout hidden_dropout resid_pdrop embd_pdrop attn_pdrop hidden_dropout_prob", nil,
        "there is no dropout here but adapter.lora_dropout; against overfitting: fewer training.epochs, optimizer.weight_decay"
      ),
      ("random_seed random_state manual_seed data_seed", "seed", nil),
      ("resume_from_checkpoint resume auto_resume", nil, "`train resume RUN` goes on with a run"),
      ("push_to_hub hub_model_id hub_token", nil, "`train export RUN FOLDER --to hf` writes a folder to upload"),
      (
        "wandb wandb_project wandb_log use_wandb report_to trackers", "logging.tensorboard",
        "beside it metrics.jsonl and report.html are written"
      ),
    ])

  private typealias Lines = [(names: String, key: String?, remark: String?)]

  private static let optimization: Lines = [
    ("lr max_lr peak_lr base_lr init_lr max_learning_rate peak_learning_rate", "optimizer.learning_rate", nil),
    ("min_lr eta_min lr_min final_lr end_lr", "schedule.min_learning_rate", nil),
    ("warmup warmup_iters num_warmup_steps lr_warmup_steps warmup_iterations", "schedule.warmup_steps", nil),
    (
      "lr_scheduler lr_scheduler_type scheduler lr_schedule scheduler_type lr_decay_style decay_lr", "schedule.name",
      "cosine, linear, constant or wsd"
    ),
    ("optim optimizer_name optimizer_type", "optimizer.name", nil),
    ("adam_beta1 adam_beta2 beta1 beta2", "optimizer.betas", "a list of two"),
    ("adam_epsilon epsilon adam_eps", "optimizer.eps", nil),
    (
      "grad_clip gradient_clipping clip_grad clip_grad_norm gradient_clip_val grad_clip_norm max_norm",
      "optimizer.max_grad_norm", nil
    ),
  ]

  private static let amounts: Lines = [
    ("num_epochs num_train_epochs n_epochs max_epochs epoch", "training.epochs", nil),
    (
      "max_iters num_steps steps n_steps iters iterations num_iterations total_steps train_iters max_train_steps train_steps",
      "training.max_steps", nil
    ),
    ("total_tokens num_tokens train_tokens max_train_tokens", "training.tokens", nil),
    ("train_batch_size global_batch_size total_batch_size bs", "training.batch_size", "the sequences of a whole step"),
    (
      "per_device_train_batch_size per_device_batch_size device_batch_size micro_batch gradient_accumulation_steps "
        + "gradient_accumulation grad_accum grad_accum_steps accumulate_grad_batches accumulation_steps",
      "training.micro_batch_size",
      "training.batch_size is a whole step's, which is cut into parts of micro_batch_size; auto chooses them"
    ),
    (
      "dtype torch_dtype bf16 fp16 mixed_precision amp param_dtype compute_dtype half", "training.precision",
      "float32 or bfloat16"
    ),
    (
      "gradient_checkpointing activation_checkpointing grad_checkpointing use_gradient_checkpointing "
        + "enable_activation_checkpointing checkpoint_activations",
      "training.recompute", nil
    ),
  ]

  private static let storage: Lines = [
    ("output_dir out_dir save_dir checkpoint_dir run_dir logging_dir run_name experiment_name", "run", "a folder"),
    (
      "save_steps save_every save_interval ckpt_interval save_freq checkpoint_interval save_strategy",
      "checkpoint.every", nil
    ),
    ("save_total_limit max_checkpoints keep_checkpoints", "checkpoint.keep_last", nil),
    ("load_best_model_at_end save_best save_best_only", "checkpoint.keep_best", nil),
    (
      "eval_steps eval_every eval_interval eval_freq val_interval val_check_interval eval_strategy evaluation_strategy",
      "evaluation.every", "in steps"
    ),
    ("eval_iters eval_batches val_batches max_eval_batches limit_val_batches", "evaluation.batches", nil),
    ("sample_prompts eval_prompts", "evaluation.prompts", nil),
    ("eval_on_start eval_at_start eval_before_training", "evaluation.at_start", nil),
    ("eval_tasks benchmarks", "evaluation.suites", "files of questions"),
    ("early_stopping_patience patience", "training.early_stopping.patience", nil),
    ("early_stopping_threshold early_stopping_min_delta", "training.early_stopping.min_delta", nil),
    ("warmup_proportion warmup_fraction warmup_frac", "schedule.warmup_ratio", nil),
    ("logging_steps log_interval log_every log_freq log_every_n_steps", "logging.every", nil),
  ]

  private static let data: Lines = [
    (
      "dataset datasets dataset_name train_file train_files train_data train_dataset data_path data_dir data_files train_path "
        + "train_bin input_file corpus",
      "data.train", "files, folders or globs on this machine"
    ),
    (
      "eval_file val_file validation_file val_data eval_data eval_dataset val_dataset valid_data test_file dev_file",
      "data.validation", nil
    ),
    (
      "val_set_size test_size val_size val_split eval_split validation_split val_ratio test_split_ratio",
      "data.validation_fraction", nil
    ),
    (
      "max_seq_length max_seq_len max_length seq_length seq_len sequence_len block_size context_length context_size ctx_len "
        + "cutoff_len model_max_length max_context_length n_ctx",
      "data.sequence_length", nil
    ),
    ("sample_packing pack packed", "data.packing", nil),
    ("chat_template prompt_template prompt_format prompt_style", "data.template", nil),
    ("column_map columns field_mapping", "data.fields", nil),
    (
      "model_name_or_path model_name model_path model_id base_model pretrained_model_name_or_path pretrained init_from",
      "model.from", nil
    ),
    ("tokenizer_name tokenizer_path tokenizer_name_or_path", "tokenizer.from", nil),
  ]

  private static let objectives: Lines = [
    (
      "train_on_inputs train_on_input train_on_prompt mask_prompt mask_inputs assistant_only_loss completion_only_loss "
        + "train_on_responses_only",
      "objective.loss_on", "assistant, completion or all"
    ),
    ("dpo_beta pref_beta", "objective.beta", nil),
    ("dpo_loss pref_loss loss_function", "objective.loss_type", nil),
    ("ref_model reference_model ref_model_path ref_model_name_or_path", "objective.reference", nil),
  ]

  private static let adapters: Lines = [
    (
      "lora peft peft_config lora_config use_lora use_peft qlora finetuning_type", "adapter",
      "a section with PEFT's keys: r, lora_alpha, target_modules"
    ),
    ("lora_r lora_rank rank lora_dim lora.r lora.rank", "adapter.r", nil),
    ("lora.alpha lora.lora_alpha", "adapter.lora_alpha", nil),
    ("lora_target lora_target_modules lora_modules lora_attn_modules", "adapter.target_modules", nil),
    (
      "load_in_4bit load_in_8bit quantization_bit use_qlora quantization_config", "adapter.quantize_base",
      "bfloat16, q8_0, q4_0 or gguf"
    ),
  ]

  /// Names of a model's sizes, which mean other things elsewhere.
  private static let ofModels = table([
    ("dim d_model embed_dim emb_dim hidden_dim n_embed model_dim", "model.hidden_size", nil),
    ("n_layers num_layers depth layers", "model.num_hidden_layers", nil),
    ("n_heads num_heads heads", "model.num_attention_heads", nil),
    ("n_kv_heads num_kv_heads kv_heads", "model.num_key_value_heads", nil),
    ("ffn_dim ff_dim d_ff mlp_dim ffn_hidden_size", "model.intermediate_size", nil),
    ("max_seq_len max_seq_length block_size context_length n_ctx seq_len", "model.max_position_embeddings", nil),
    ("n_vocab padded_vocab_size", "model.vocab_size", nil),
    ("name_or_path model_name_or_path pretrained", "model.from", nil),
  ])

  private static func table(_ lines: Lines) -> [String: Meaning] {
    var table: [String: Meaning] = [:]
    for (names, key, remark) in lines {
      for name in names.split(separator: " ") { table[String(name)] = Meaning(key: key, remark: remark) }
    }
    return table
  }
}
