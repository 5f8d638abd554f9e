/// What other programs have to be told that is the machine's affair here, the command's, or nobody's.
extension ForeignKeys {
  static let machines: Lines = [
    (
      "device device_map use_cpu no_cuda cuda gpu gpus n_gpu accelerator accelerate devices use_mps_device tpu_num_cores "
        + "tpu_metrics_debug",
      nil, "everything runs on the processors of this machine; \"threads\" says on how many"
    ),
    (
      "local_rank ddp fsdp fsdp_config deepspeed backend strategy ddp_backend ddp_timeout ddp_find_unused_parameters "
        + "nproc_per_node nnodes num_machines num_processes world_size master_addr master_port rdzv_endpoint zero_stage parallelism_config "
        + "num_nodes accelerator_config split_batches dispatch_batches ddp_bucket_cap_mb ddp_broadcast_buffers "
        + "ignore_bias_buffers fsdp_min_num_params fsdp_transformer_layer_cls_to_wrap fsdp_version fsdp_cpu_offload "
        + "fsdp_reshard_after_forward memory_efficient_fsdp_wrap custom_sharded_layers tensor_parallel_dim tensor_parallel_plan "
        + "context_parallel_dim data_parallel_shard_dim data_parallel_replicate_dim use_loss_parallel log_on_each_node "
        + "save_on_each_node eval_use_gather_object average_tokens_across_devices mp_parameters ray_scope",
      nil, "several processes or machines: `mpirun -n 4 train pretrain RECIPE`; the recipe stays as it is"
    ),
    ("num_threads n_threads cpus num_cpus nproc", "threads", nil),
  ]

  /// What other programs have to be told.
  static let habits: Lines = [
    (
      "num_workers dataloader_num_workers num_proc preprocessing_num_workers dataset_num_proc dataset_processes "
        + "pin_memory dataloader_pin_memory dataloader_prefetch_factor dataloader_persistent_workers streaming dataset_prepared_path "
        + "cache_dir overwrite_cache dataset_streaming dataset_batch_size", nil,
      "not needed: data is read beside the training, and kept in data/.cache"
    ),
    (
      "compile torch_compile torch_compile_backend torch_compile_mode flash_attention flash_attn use_flash_attention_2 "
        + "attn_implementation fused foreach tf32 use_liger_kernel liger_kernel_config xformers_attention sdp_attention "
        + "padding_free pad_to_multiple_of pad_to_sequence_len use_liger use_liger_loss use_logits_to_keep torchdynamo "
        + "jit_mode_eval use_ipex half_precision_backend fp16_backend fp16_opt_level use_unsloth s2_attention shift_attn "
        + "lora_mlp_kernel lora_qkv_kernel lora_o_kernel",
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
      "disable_tqdm log_level log_level_replica verbose quiet progress_bar enable_progress_bar", nil,
      "the log goes to standard error, in plain lines where that is no terminal: 2> FILE keeps it"
    ),
    (
      "remove_unused_columns label_names", nil,
      "not needed: columns are recognised by their names, and others are not read"
    ),
    (
      "trust_remote_code revision model_revision repo_id hf_model hf_token", nil,
      "nothing is loaded over the network: download the folder, and name it by model.from"
    ),
    (
      "eos_token pad_token bos_token padding_side label_pad_token_id padding_value", nil,
      "not needed: they are the tokenizer's, and rows are packed"
    ),
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
      "push_to_hub hub_model_id hub_token hub_strategy hub_private_repo hub_always_push hub_revision push_to_hub_model_id "
        + "push_to_hub_organization push_to_hub_token", nil,
      "`train export RUN FOLDER --to hf` writes a folder to upload"
    ),
    (
      "wandb wandb_project wandb_log wandb_run_name wandb_name wandb_entity wandb_watch wandb_log_model wandb_mode "
        + "wandb_tags use_wandb report_to trackers metric_logger metric_logger._component_ logger_name plot_loss project "
        + "trackio_space_id",
      "logging.tensorboard",
      "beside it metrics.jsonl and report.html are written"
    ),
  ]

  /// What a run does in any case, or never does.
  static let customs: Lines = [
    (
      "overwrite_output_dir overwrite", nil, "`--overwrite` after the command deletes the run that is in the run folder"
    ),
    (
      "per_device_eval_batch_size per_gpu_eval_batch_size eval_batch_size batch_size_val val_batch_size "
        + "eval_accumulation_steps eval_do_concat_batches batch_eval_metrics", nil,
      "not needed: an evaluation reads about 4096 tokens at once; evaluation.batches says how much it reads"
    ),
    (
      "prediction_loss_only include_for_metrics include_inputs_for_metrics include_tokens_per_second "
        + "include_num_input_tokens_seen", nil,
      "not needed: metrics.jsonl has all that is measured, with the tokens read and tokens_per_second"
    ),
    ("eval_delay", nil, "evaluation.every counts from the first step: nothing delays it"),
    ("final_validation", nil, "not needed: the last step is evaluated in any case"),
    ("logging_first_step", nil, "not needed: the first step is logged in any case"),
    ("logging_nan_inf_filter", nil, "a loss that is not finite ends the run"),
    (
      "torch_empty_cache_steps skip_memory_metrics log_peak_memory_stats low_cpu_mem_usage low_cpu_ram", nil,
      "not needed: `train plan RECIPE` says how much memory a run takes"
    ),
    (
      "profiler profile profile_memory enable_profiler", nil,
      "`train bench RECIPE --profile` measures the kernels of a step"
    ),
    (
      "dataloader_drop_last drop_last", nil,
      "an epoch reads every example once: its last batch is as large as what is left"
    ),
    (
      "max_steps_per_epoch steps_per_epoch limit_train_batches max_train_samples max_samples overfit_batches fast_dev_run",
      nil, "an epoch is all of data.train: training.max_steps ends a run sooner, and a smaller file is a shorter epoch"
    ),
    (
      "label_smoothing_factor loss.label_smoothing", nil,
      "tokens have no label smoothing; objective.label_smoothing is that of preferences"
    ),
    (
      "optimizer_in_bwd", nil,
      "an update waits for all gradients, whose norm has a bound; less memory: training.micro_batch_size, training.recompute"
    ),
    (
      "adafactor optim_args optim_target_modules use_galore use_badam loraplus_lr_ratio loraplus_lr_embedding embedding_lr",
      nil, "AdamW is the one optimizer, with one rate for all weights: `train help optimizer`"
    ),
    ("use_ema ema ema_decay use_swa swa", nil, "weights are not averaged; RUN/best is the best checkpoint"),
    (
      "freeze freeze_layers unfrozen_parameters freeze_trainable_layers freeze_trainable_modules", nil,
      "all weights are trained, or those of an adapter: adapter.target_modules, adapter.modules_to_save"
    ),
    (
      "save_safetensors safe_serialization", nil,
      "checkpoints are HDF5; `train export RUN FOLDER --to hf` writes safetensors"
    ),
    (
      "save_only_model save_adapter_weights_only", nil,
      "a checkpoint has all that resuming needs; model.h5 or adapter.h5 in it is the model alone"
    ),
    ("enable_async_checkpointing", nil, "a checkpoint is written before the next step"),
    (
      "enable_jit_checkpoint", nil, "not needed: SIGTERM saves a checkpoint and stops, SIGUSR1 saves one and goes on"
    ),
    ("recipe_checkpoint", nil, "`train resume RUN` goes on with a run"),
    (
      "num_samples top_k top_p min_p repetition_penalty num_beams do_sample", nil,
      "options of `train generate`: --num-samples, --top-k, --top-p; a run's samples have evaluation.temperature alone"
    ),
    (
      "model_init_kwargs model_kwargs", nil, "the model's config.json says them; training.precision is that of products"
    ),
    ("is_encoder_decoder max_target_length", nil, "models are decoders: a prompt and its answer are one sequence"),
    (
      "split dataset_split dataset_train_split dataset_test_split train_split dataset_config dataset_config_name subset",
      nil, "a split is a file of its own: data.train, data.validation; or data.validation_fraction"
    ),
    (
      "dataset_kwargs formatting_func num_of_sequences chars_per_token", nil,
      "not needed: rows are recognised by their columns, and data.template renders them"
    ),
    (
      "system_prompt default_system_message default_system new_system_prompt", nil,
      "it is a part of the data: a message of the role system, or a column \"system\""
    ),
    (
      "reward_model reward_funcs reward_model_path num_generations kl_coef vf_coef cliprange num_ppo_epochs scale_rewards",
      nil, "nothing is trained by rewards; by pairs or judged answers it is: task \"dpo\""
    ),
    (
      "sync_ref_model ref_model_mixup_alpha ref_model_sync_steps", nil,
      "the reference does not change: it is the model at the start, or what objective.reference names"
    ),
    (
      "f_divergence_type f_alpha_divergence_coef discopop_tau ld_alpha use_weighting", nil,
      "no loss has it: `train help objective.loss_type` names the losses"
    ),
    (
      "inference_mode auto_mapping task_type lora_task_type peft_type peft_version fan_in_fan_out lora_fan_in_fan_out",
      nil,
      "not needed: the model and the recipe say it"
    ),
    (
      "bias lora_bias use_bias", nil,
      "an adapter trains no biases; those of a llama are model.attention_bias and model.mlp_bias, and GPT-2 has them"
    ),
    (
      "loftq_config eva_config corda_config lora_ga_config arrow_config runtime_config megatron_config megatron_core "
        + "use_qalora qalora_group_size layer_replication target_parameters lora_target_parameters trainable_token_indices "
        + "alora_invocation_tokens use_bdlora", nil,
      "an adapter is low-rank updates of linear layers, begun as adapter.init_lora_weights says: `train help adapter`"
    ),
    (
      "_component_", nil,
      "nothing is chosen by the name of a class: `train help recipe` lists the sections and their keys"
    ),
  ]
}
