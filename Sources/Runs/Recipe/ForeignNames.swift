/// What keys of a recipe are called in other programs.
extension ForeignKeys {
  static let optimization: Lines = [
    ("lr max_lr peak_lr base_lr init_lr max_learning_rate peak_learning_rate", "optimizer.learning_rate", nil),
    ("min_lr eta_min lr_min final_lr end_lr cosine_min_lr_ratio", "schedule.min_learning_rate", "a rate, not a share"),
    ("warmup warmup_iters num_warmup_steps lr_warmup_steps warmup_iterations", "schedule.warmup_steps", nil),
    (
      "lr_scheduler lr_scheduler_type scheduler lr_schedule scheduler_type lr_decay_style decay_lr lr_scheduler._component_",
      "schedule.name",
      "cosine, linear, constant or wsd"
    ),
    (
      "lr_scheduler_kwargs lr_decay_iters num_cycles", "schedule.name",
      "its numbers are keys beside it; it ends with the run"
    ),
    ("cooldown cooldown_steps num_decay_steps", "schedule.decay_steps", "of schedule \"wsd\""),
    ("optim optimizer_name optimizer_type optimizer._component_", "optimizer.name", nil),
    ("wd decay", "optimizer.weight_decay", nil),
    ("adam_beta1 adam_beta2 beta1 beta2", "optimizer.betas", "a list of two"),
    ("adam_epsilon epsilon adam_eps", "optimizer.eps", nil),
    (
      "grad_clip gradient_clipping clip_grad clip_grad_norm gradient_clip_val grad_clip_norm max_norm "
        + "gradient_clip_algorithm",
      "optimizer.max_grad_norm", nil
    ),
  ]

  static let amounts: Lines = [
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
        + "gradient_accumulation grad_accum grad_accum_steps accumulate_grad_batches accumulation_steps auto_find_batch_size "
        + "per_gpu_train_batch_size",
      "training.micro_batch_size",
      "training.batch_size is a whole step's, which is cut into parts of micro_batch_size; auto chooses them"
    ),
    (
      "dtype torch_dtype bf16 fp16 bf16_full_eval fp16_full_eval mixed_precision amp param_dtype compute_dtype half "
        + "fp8 enable_fp8_training fp8_recipe_name",
      "training.precision",
      "float32 or bfloat16"
    ),
    (
      "gradient_checkpointing activation_checkpointing grad_checkpointing use_gradient_checkpointing "
        + "enable_activation_checkpointing checkpoint_activations grad_checkpoint activation_offloading "
        + "enable_activation_offloading gradient_checkpointing_kwargs gradient_checkpointing_use_reentrant ac_mode ac_option",
      "training.recompute", nil
    ),
  ]

  static let storage: Lines = [
    ("output_dir out_dir save_dir checkpoint_dir run_dir logging_dir run_name experiment_name", "run", "a folder"),
    (
      "save_steps save_every save_interval ckpt_interval save_freq checkpoint_interval save_strategy saves_per_epoch",
      "checkpoint.every", "steps, or \"epoch\""
    ),
    (
      "always_save_checkpoint", "checkpoint.every",
      "each is saved, whether the loss has fallen or not; RUN/best leads to the best one"
    ),
    (
      "save_total_limit max_checkpoints keep_checkpoints keep_last_n_checkpoints save_last_epoch_only",
      "checkpoint.keep_last", nil
    ),
    (
      "load_best_model_at_end save_best save_best_only metric_for_best_model greater_is_better", "checkpoint.keep_best",
      "the best is that of the lowest evaluation loss: RUN/best"
    ),
    (
      "eval_steps eval_every eval_interval eval_freq val_interval val_every val_check_interval eval_strategy "
        + "evaluation_strategy evals_per_epoch run_val_every_n_steps steps_per_eval sample_every generate_every "
        + "check_val_every_n_epoch",
      "evaluation.every", "in steps, or \"epoch\""
    ),
    (
      "eval_iters eval_batches val_batches max_eval_batches limit_val_batches max_eval_samples", "evaluation.batches",
      nil
    ),
    ("sample_prompts eval_prompts prompt", "evaluation.prompts", nil),
    ("eval_max_new_tokens max_new_tokens generation_max_length", "evaluation.max_tokens", nil),
    (
      "generate_during_eval predict_with_generate", "evaluation.answers",
      "how many of the held-out prompts are answered"
    ),
    (
      "eval_on_start eval_at_start eval_before_training initial_validation num_sanity_val_steps", "evaluation.at_start",
      nil
    ),
    ("eval_tasks benchmarks", "evaluation.suites", "files of questions"),
    ("early_stopping_patience patience", "training.early_stopping.patience", nil),
    ("early_stopping_threshold early_stopping_min_delta", "training.early_stopping.min_delta", nil),
    ("warmup_proportion warmup_fraction warmup_frac", "schedule.warmup_ratio", nil),
    (
      "logging_steps log_interval log_every log_freq log_every_n_steps logging_strategy steps_per_report print_every",
      "logging.every", nil
    ),
  ]

  static let data: Lines = [
    (
      "dataset datasets dataset_name train_file train_files train_data train_dataset data_path data_dir data_files train_path "
        + "train_bin input_file corpus dataset_mixer source dataset._component_",
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
        + "cutoff_len model_max_length max_context_length n_ctx max_packed_sequence_len",
      "data.sequence_length", nil
    ),
    (
      "probabilities sampling_weights data_weights train_weights interleave mixture", "data.train",
      "a list of { \"path\": ..., \"weight\": ... }"
    ),
    ("sample_packing eval_sample_packing eval_packing packing_strategy pack packed", "data.packing", nil),
    (
      "group_by_length bucket_by_length train_sampling_strategy length_column_name", "data.packing",
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
        + "pretrained init_from checkpoint_path ckpt_path load_from checkpointer checkpointer.checkpoint_dir checkpointer._component_ "
        + "checkpoint_files",
      "model.from", nil
    ),
    ("lora_model_dir adapter_path resume_adapter_file adapter_name_or_path adapter_checkpoint", "model.adapter", nil),
    (
      "tokenizer_name tokenizer_path tokenizer_name_or_path tokenizer.path tokenizer_type tokenizer_class merges_file "
        + "vocab_file use_fast use_fast_tokenizer tokenizer._component_",
      "tokenizer.from", "a folder with one, or a tokenizer.json"
    ),
    ("bpe_vocab_size tokenizer_vocab_size", "tokenizer.train.vocab_size", nil),
  ]

  static let objectives: Lines = [
    (
      "train_on_inputs train_on_input train_on_prompt mask_prompt mask_inputs assistant_only_loss completion_only_loss "
        + "train_on_responses_only",
      "objective.loss_on", "assistant, completion or all"
    ),
    ("dpo_beta pref_beta rl_beta", "objective.beta", nil),
    ("dpo_loss pref_loss loss_function", "objective.loss_type", nil),
    ("reference_free", "objective.loss_type", "simpo, orpo and cpo compare with no reference"),
    (
      "loss_weights rpo_alpha pref_ftx", "objective.loss_type",
      "several with weights: [[\"sigmoid\", 1], [\"sft\", 0.2]]"
    ),
    ("loss loss._component_", "objective.name", "next_token, sft, dpo or kto"),
    ("rl rlhf_type", "task", "dpo, with objective.name or objective.loss_type"),
    ("kto_desirable_weight", "objective.desirable_weight", nil),
    ("kto_undesirable_weight", "objective.undesirable_weight", nil),
    ("noisy_embedding_alpha neftune_alpha", "objective.neftune_noise_alpha", nil),
    (
      "precompute_ref_log_probs precompute_ref_batch_size", "objective.precompute_reference",
      "true where it is left out"
    ),
    (
      "ref_model reference_model ref_model_path ref_model_name_or_path ref_model_init_kwargs ref_adapter_name "
        + "force_use_ref_model model_adapter_name base_model_attribute_name",
      "objective.reference", "\"start\", the weights at the start, or a path"
    ),
  ]

  static let adapters: Lines = [
    (
      "lora peft peft_config lora_config use_lora use_peft qlora finetuning_type", "adapter",
      "a section with PEFT's keys: r, lora_alpha, target_modules"
    ),
    ("lora_r lora_rank rank lora_dim lora.r lora.rank", "adapter.r", nil),
    ("lora.alpha lora.lora_alpha", "adapter.lora_alpha", nil), ("lora.dropout lora_drop", "adapter.lora_dropout", nil),
    (
      "lora_target lora_target_modules lora_modules lora_attn_modules lora_target_linear apply_lora_to_mlp "
        + "apply_lora_to_output lora_query lora_key lora_value lora_projection lora_mlp lora_head",
      "adapter.target_modules", "\"all-linear\", or a list of names"
    ),
    ("lora_modules_to_save", "adapter.modules_to_save", nil), ("peft_use_dora", "adapter.use_dora", nil),
    ("peft_use_rslora", "adapter.use_rslora", nil),
    (
      "load_in_4bit load_in_8bit quantization_bit use_qlora quantization_config quantizer quantize bnb_4bit_quant_type "
        + "bnb_4bit_compute_dtype bnb_4bit_use_double_quant bnb_4bit_quant_storage use_bnb_nested_quant",
      "adapter.quantize_base",
      "bfloat16, q8_0, q4_0 or gguf"
    ),
  ]
}
