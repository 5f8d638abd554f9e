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
    var last: Character?
    for character in path.replacing("-", with: "_") {
      if character.isUppercase, let last, last.isLowercase || last.isNumber { text.append("_") }
      text += character.lowercased()
      last = character
    }
    return text
  }

  /// Every key that the tables name.
  package static var targets: Set<String> { Set((Array(all.values) + Array(ofModels.values)).compactMap(\.key)) }

  private static let all = table(
    optimization + amounts + storage + data + objectives + adapters + machines + habits)

  private typealias Lines = [(names: String, key: String?, remark: String?)]

  private static let machines: Lines = [
    (
      "device device_map use_cpu no_cuda cuda gpu gpus n_gpu accelerator accelerate devices",
      nil, "everything runs on the processors of this machine; \"threads\" says on how many"
    ),
    (
      "local_rank ddp fsdp fsdp_config deepspeed backend strategy ddp_backend ddp_timeout ddp_find_unused_parameters "
        + "nproc_per_node nnodes num_machines num_processes world_size master_addr master_port rdzv_endpoint zero_stage parallelism_config",
      nil, "several processes or machines: `mpirun -n 4 train pretrain RECIPE`; the recipe stays as it is"
    ),
    ("num_threads n_threads cpus num_cpus nproc", "threads", nil),
  ]

  /// What other programs have to be told.
  private static let habits: Lines = [
    (
      "num_workers dataloader_num_workers num_proc preprocessing_num_workers dataset_num_proc dataset_processes "
        + "pin_memory dataloader_pin_memory dataloader_prefetch_factor dataloader_persistent_workers streaming dataset_prepared_path "
        + "cache_dir overwrite_cache", nil, "not needed: data is read beside the training, and kept in data/.cache"
    ),
    (
      "compile torch_compile torch_compile_backend torch_compile_mode flash_attention flash_attn use_flash_attention_2 "
        + "attn_implementation fused foreach tf32 use_liger_kernel liger_kernel_config xformers_attention sdp_attention "
        + "padding_free pad_to_multiple_of pad_to_sequence_len",
      nil, "not needed: the kernels are what they are, and fused, and padding is not computed"
    ),
    (
      "full_determinism deterministic cudnn_deterministic_mode use_deterministic_algorithms", nil,
      "not needed: a run has the same bits every time, for any number of threads"
    ),
    (
      "do_train do_eval do_predict stage eval_only", nil,
      "the command says it: `train pretrain`, `train sft`, `train dpo`, `train eval`"
    ),
    (
      "disable_tqdm log_level verbose quiet progress_bar", nil,
      "the log goes to standard error, in plain lines where that is no terminal: 2> FILE keeps it"
    ),
    ("remove_unused_columns", nil, "not needed: columns that are not known are not read"),
    (
      "trust_remote_code revision repo_id hf_model hf_token", nil,
      "nothing is loaded over the network: download the folder, and name it by model.from"
    ),
    ("eos_token pad_token bos_token padding_side", nil, "not needed: they are the tokenizer's, and rows are packed"),
    (
      "dropout attn_dropout attention_dropout hidden_dropout dropout_rate disable_dropout resid_pdrop embd_pdrop "
        + "attn_pdrop hidden_dropout_prob", nil,
      "there is no dropout here but adapter.lora_dropout; against overfitting: fewer training.epochs, optimizer.weight_decay"
    ),
    ("random_seed random_state manual_seed data_seed", "seed", nil),
    ("resume_from_checkpoint resume auto_resume", nil, "`train resume RUN` goes on with a run"),
    (
      "ignore_data_skip restore_callback_states_from_checkpoint auto_resume_from_checkpoints", nil,
      "`train resume RUN` goes on exactly where the run stopped"
    ),
    (
      "push_to_hub hub_model_id hub_token hub_strategy hub_private_repo", nil,
      "`train export RUN FOLDER --to hf` writes a folder to upload"
    ),
    (
      "wandb wandb_project wandb_log use_wandb report_to trackers metric_logger logger_name plot_loss project",
      "logging.tensorboard",
      "beside it metrics.jsonl and report.html are written"
    ),
  ]

  private static let optimization: Lines = [
    ("lr max_lr peak_lr base_lr init_lr max_learning_rate peak_learning_rate", "optimizer.learning_rate", nil),
    ("min_lr eta_min lr_min final_lr end_lr cosine_min_lr_ratio", "schedule.min_learning_rate", "a rate, not a share"),
    ("warmup warmup_iters num_warmup_steps lr_warmup_steps warmup_iterations", "schedule.warmup_steps", nil),
    (
      "lr_scheduler lr_scheduler_type scheduler lr_schedule scheduler_type lr_decay_style decay_lr", "schedule.name",
      "cosine, linear, constant or wsd"
    ),
    ("lr_scheduler_kwargs lr_decay_iters", "schedule.name", "its numbers are keys beside it; it ends with the run"),
    ("cooldown cooldown_steps num_decay_steps", "schedule.decay_steps", "of schedule \"wsd\""),
    ("optim optimizer_name optimizer_type", "optimizer.name", nil),
    ("wd decay", "optimizer.weight_decay", nil),
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
    (
      "train_batch_size global_batch_size total_batch_size bs batch batchsize", "training.batch_size",
      "the sequences of a whole step"
    ),
    (
      "per_device_train_batch_size per_device_batch_size device_batch_size micro_batch gradient_accumulation_steps "
        + "gradient_accumulation grad_accum grad_accum_steps accumulate_grad_batches accumulation_steps auto_find_batch_size",
      "training.micro_batch_size",
      "training.batch_size is a whole step's, which is cut into parts of micro_batch_size; auto chooses them"
    ),
    (
      "dtype torch_dtype bf16 fp16 bf16_full_eval fp16_full_eval mixed_precision amp param_dtype compute_dtype half",
      "training.precision",
      "float32 or bfloat16"
    ),
    (
      "gradient_checkpointing activation_checkpointing grad_checkpointing use_gradient_checkpointing "
        + "enable_activation_checkpointing checkpoint_activations grad_checkpoint activation_offloading "
        + "enable_activation_offloading gradient_checkpointing_kwargs",
      "training.recompute", nil
    ),
  ]

  private static let storage: Lines = [
    ("output_dir out_dir save_dir checkpoint_dir run_dir logging_dir run_name experiment_name", "run", "a folder"),
    (
      "save_steps save_every save_interval ckpt_interval save_freq checkpoint_interval save_strategy saves_per_epoch",
      "checkpoint.every", "steps, or \"epoch\""
    ),
    ("save_total_limit max_checkpoints keep_checkpoints", "checkpoint.keep_last", nil),
    (
      "load_best_model_at_end save_best save_best_only metric_for_best_model greater_is_better", "checkpoint.keep_best",
      "the best is that of the lowest evaluation loss: RUN/best"
    ),
    (
      "eval_steps eval_every eval_interval eval_freq val_interval val_every val_check_interval eval_strategy "
        + "evaluation_strategy evals_per_epoch run_val_every_n_steps steps_per_eval sample_every generate_every",
      "evaluation.every", "in steps, or \"epoch\""
    ),
    ("eval_iters eval_batches val_batches max_eval_batches limit_val_batches", "evaluation.batches", nil),
    ("sample_prompts eval_prompts prompt", "evaluation.prompts", nil),
    ("eval_max_new_tokens max_new_tokens", "evaluation.max_tokens", nil),
    ("eval_on_start eval_at_start eval_before_training initial_validation", "evaluation.at_start", nil),
    ("eval_tasks benchmarks", "evaluation.suites", "files of questions"),
    ("early_stopping_patience patience", "training.early_stopping.patience", nil),
    ("early_stopping_threshold early_stopping_min_delta", "training.early_stopping.min_delta", nil),
    ("warmup_proportion warmup_fraction warmup_frac", "schedule.warmup_ratio", nil),
    (
      "logging_steps log_interval log_every log_freq log_every_n_steps logging_strategy steps_per_report print_every",
      "logging.every", nil
    ),
  ]

  private static let data: Lines = [
    (
      "dataset datasets dataset_name train_file train_files train_data train_dataset data_path data_dir data_files train_path "
        + "train_bin input_file corpus dataset_mixer source",
      "data.train", "files, folders or globs on this machine"
    ),
    (
      "eval_file val_file validation_file val_data eval_data eval_dataset val_dataset valid_data test_file dev_file",
      "data.validation", nil
    ),
    (
      "val_set_size test_size val_size val_split eval_split validation_split val_ratio val_split_fraction test_split_ratio",
      "data.validation_fraction", nil
    ),
    (
      "max_seq_length max_seq_len max_length seq_length seq_len sequence_len block_size context_length context_size ctx_len "
        + "cutoff_len model_max_length max_context_length n_ctx",
      "data.sequence_length", nil
    ),
    (
      "probabilities sampling_weights data_weights train_weights interleave mixture", "data.train",
      "a list of { \"path\": ..., \"weight\": ... }"
    ),
    ("sample_packing eval_sample_packing eval_packing packing_strategy pack packed", "data.packing", nil),
    (
      "group_by_length bucket_by_length train_sampling_strategy", "data.packing",
      "rows are filled, whatever the lengths"
    ),
    ("shuffle_dataset shuffle_merged_datasets", "data.shuffle", nil),
    ("truncation truncation_mode excess_length_strategy", "data.on_overflow", "split, drop, truncate or error"),
    ("max_prompt_length max_completion_length", "data.sequence_length", "a prompt and its answer together"),
    ("chat_template chat_template_path prompt_template prompt_format prompt_style", "data.template", nil),
    (
      "column_map columns field_mapping dataset_text_field text_field field_messages", "data.fields",
      "as in {\"text\": NAME}"
    ),
    (
      "model_name_or_path model_name model_path model_id base_model base_model_name_or_path pretrained_model_name_or_path "
        + "pretrained init_from checkpoint_path ckpt_path load_from",
      "model.from", nil
    ),
    ("lora_model_dir adapter_path resume_adapter_file adapter_name_or_path", "model.adapter", nil),
    ("tokenizer_name tokenizer_path tokenizer_name_or_path tokenizer.path", "tokenizer.from", nil),
    ("bpe_vocab_size tokenizer_vocab_size", "tokenizer.train.vocab_size", nil),
  ]

  private static let objectives: Lines = [
    (
      "train_on_inputs train_on_input train_on_prompt mask_prompt mask_inputs assistant_only_loss completion_only_loss "
        + "train_on_responses_only",
      "objective.loss_on", "assistant, completion or all"
    ),
    ("dpo_beta pref_beta rl_beta", "objective.beta", nil),
    ("dpo_loss pref_loss loss_function", "objective.loss_type", nil),
    ("rl rlhf_type", "task", "dpo, with objective.name or objective.loss_type"),
    ("kto_desirable_weight", "objective.desirable_weight", nil),
    ("kto_undesirable_weight", "objective.undesirable_weight", nil),
    ("noisy_embedding_alpha neftune_alpha", "objective.neftune_noise_alpha", nil),
    (
      "precompute_ref_log_probs precompute_ref_batch_size", "objective.precompute_reference",
      "true where it is left out"
    ),
    ("ref_model reference_model ref_model_path ref_model_name_or_path", "objective.reference", nil),
  ]

  private static let adapters: Lines = [
    (
      "lora peft peft_config lora_config use_lora use_peft qlora finetuning_type", "adapter",
      "a section with PEFT's keys: r, lora_alpha, target_modules"
    ),
    ("lora_r lora_rank rank lora_dim lora.r lora.rank", "adapter.r", nil),
    ("lora.alpha lora.lora_alpha", "adapter.lora_alpha", nil),
    (
      "lora_target lora_target_modules lora_modules lora_attn_modules lora_target_linear apply_lora_to_mlp "
        + "apply_lora_to_output",
      "adapter.target_modules", "\"all-linear\", or a list of names"
    ),
    ("lora_modules_to_save", "adapter.modules_to_save", nil), ("peft_use_dora", "adapter.use_dora", nil),
    ("peft_use_rslora", "adapter.use_rslora", nil),
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
    ("n_vocab padded_vocab_size", "model.vocab_size", nil), ("norm_eps", "model.rms_norm_eps", nil),
    ("tie_weights tie_embeddings", "model.tie_word_embeddings", nil),
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
