import Files
import Runs
import Testing

/// The whole lists of settings of other programs: each is a key here, or is answered.
@Suite struct ForeignListsTests {
  private static let transformers = """
    output_dir overwrite_output_dir do_train do_eval do_predict eval_strategy prediction_loss_only per_device_train_batch_size
    per_device_eval_batch_size per_gpu_train_batch_size per_gpu_eval_batch_size gradient_accumulation_steps
    eval_accumulation_steps eval_delay torch_empty_cache_steps learning_rate weight_decay adam_beta1 adam_beta2 adam_epsilon
    max_grad_norm num_train_epochs max_steps lr_scheduler_type lr_scheduler_kwargs warmup_ratio warmup_steps log_level
    log_level_replica log_on_each_node logging_dir logging_strategy logging_first_step logging_steps logging_nan_inf_filter
    save_strategy save_steps save_total_limit save_safetensors save_on_each_node save_only_model
    restore_callback_states_from_checkpoint no_cuda use_cpu use_mps_device seed data_seed jit_mode_eval use_ipex bf16 fp16
    fp16_opt_level half_precision_backend bf16_full_eval fp16_full_eval tf32 local_rank ddp_backend tpu_num_cores
    tpu_metrics_debug dataloader_drop_last eval_steps dataloader_num_workers dataloader_prefetch_factor run_name
    disable_tqdm remove_unused_columns label_names load_best_model_at_end metric_for_best_model greater_is_better
    ignore_data_skip fsdp fsdp_config fsdp_min_num_params fsdp_transformer_layer_cls_to_wrap accelerator_config
    parallelism_config deepspeed label_smoothing_factor optim optim_args adafactor group_by_length length_column_name
    report_to project trackio_space_id ddp_find_unused_parameters ddp_bucket_cap_mb ddp_broadcast_buffers
    dataloader_pin_memory dataloader_persistent_workers skip_memory_metrics push_to_hub resume_from_checkpoint
    hub_model_id hub_strategy hub_token hub_private_repo hub_always_push hub_revision gradient_checkpointing
    gradient_checkpointing_kwargs include_inputs_for_metrics include_for_metrics eval_do_concat_batches
    auto_find_batch_size full_determinism ray_scope ddp_timeout torch_compile torch_compile_backend torch_compile_mode
    include_tokens_per_second include_num_input_tokens_seen neftune_noise_alpha optim_target_modules batch_eval_metrics
    eval_on_start use_liger_kernel liger_kernel_config eval_use_gather_object average_tokens_across_devices
    enable_jit_checkpoint
    """

  private static let trl = """
    model_init_kwargs chat_template_path dataset_text_field dataset_kwargs dataset_num_proc eos_token pad_token max_length
    packing packing_strategy padding_free pad_to_multiple_of eval_packing completion_only_loss assistant_only_loss loss_type
    activation_offloading shuffle_dataset max_seq_length num_of_sequences chars_per_token use_liger dataset_batch_size
    ref_model_init_kwargs model_adapter_name ref_adapter_name force_use_ref_model disable_dropout use_logits_to_keep
    label_pad_token_id padding_value max_prompt_length max_completion_length truncation_mode precompute_ref_log_probs
    precompute_ref_batch_size loss_weights use_liger_loss base_model_attribute_name beta f_divergence_type
    f_alpha_divergence_coef reference_free label_smoothing use_weighting rpo_alpha ld_alpha discopop_tau sync_ref_model
    ref_model_mixup_alpha ref_model_sync_steps generate_during_eval is_encoder_decoder desirable_weight undesirable_weight
    simpo_gamma cpo_alpha model_name_or_path model_revision dtype torch_dtype trust_remote_code attn_implementation use_peft
    lora_r lora_alpha lora_dropout lora_target_modules lora_target_parameters lora_modules_to_save lora_task_type
    use_rslora use_dora load_in_8bit load_in_4bit bnb_4bit_quant_type use_bnb_nested_quant dataset_name dataset_config
    dataset_train_split dataset_test_split dataset_streaming gradient_checkpointing_use_reentrant ignore_bias_buffers
    """

  private static let peft = """
    r target_modules exclude_modules lora_alpha lora_dropout fan_in_fan_out bias use_rslora modules_to_save
    init_lora_weights layers_to_transform layers_pattern rank_pattern alpha_pattern megatron_config megatron_core
    trainable_token_indices loftq_config eva_config corda_config use_dora use_qalora qalora_group_size layer_replication
    runtime_config lora_bias target_parameters arrow_config ensure_weight_tying task_type peft_type auto_mapping
    base_model_name_or_path revision inference_mode alora_invocation_tokens
    """

  private static let torchtune = """
    output_dir tokenizer._component_ tokenizer.path tokenizer.max_seq_len tokenizer.merges_file tokenizer.prompt_template
    dataset dataset._component_ dataset.packed dataset.source dataset.split dataset.train_on_input dataset.column_map
    dataset.new_system_prompt seed shuffle model._component_ model.lora_attn_modules model.apply_lora_to_mlp
    model.apply_lora_to_output model.lora_rank model.lora_alpha model.lora_dropout model.use_dora model.quantize_base
    checkpointer checkpointer._component_ checkpointer.checkpoint_dir checkpointer.checkpoint_files
    checkpointer.adapter_checkpoint checkpointer.recipe_checkpoint checkpointer.output_dir checkpointer.model_type
    checkpointer.safe_serialization resume_from_checkpoint save_adapter_weights_only save_last_epoch_only
    keep_last_n_checkpoints enable_async_checkpointing batch_size batch_size_val epochs max_steps_per_epoch
    gradient_accumulation_steps clip_grad_norm optimizer optimizer._component_ optimizer.fused optimizer.lr
    optimizer.weight_decay lr_scheduler lr_scheduler._component_ lr_scheduler.num_warmup_steps lr_scheduler.num_cycles loss
    loss._component_ compile device dtype enable_activation_checkpointing enable_activation_offloading optimizer_in_bwd
    custom_sharded_layers fsdp_cpu_offload fsdp_reshard_after_forward memory_efficient_fsdp_wrap tensor_parallel_dim
    tensor_parallel_plan data_parallel_shard_dim data_parallel_replicate_dim metric_logger metric_logger._component_
    log_every_n_steps log_peak_memory_stats log_level profiler cudnn_deterministic_mode run_val_every_n_steps ac_mode
    ac_option enable_fp8_training fp8_recipe_name low_cpu_ram
    """

  private static let nanoGPT = """
    out_dir eval_interval log_interval eval_iters eval_only always_save_checkpoint init_from wandb_log wandb_project
    wandb_run_name dataset gradient_accumulation_steps batch_size block_size n_layer n_head n_embd dropout bias
    learning_rate max_iters weight_decay beta1 beta2 grad_clip decay_lr warmup_iters lr_decay_iters min_lr backend device
    dtype compile num_samples max_new_tokens temperature top_k seed profile
    """

  @Test(arguments: [transformers, trl, peft, torchtune, nanoGPT])
  func everySettingOfAnotherProgramIsAnswered(_ list: String) {
    let own = Set(Recipe.reference.map(\.name) + Recipe.reference.map(\.path))
    for setting in list.split(whereSeparator: \.isWhitespace).map(String.init) {
      let name = setting.split(separator: ".").last.map(String.init) ?? setting
      #expect(own.contains(name) || ForeignKeys.meaning(of: setting)?.note.isEmpty == false, "\(setting)")
    }
  }

  /// The same word of other sections is another thing.
  @Test(arguments: [
    ("dataset._component_", "data.train"), ("model._component_", "model.architecture"),
    ("optimizer._component_", "optimizer.name"), ("tokenizer._component_", "tokenizer.from"),
    ("checkpointer.checkpoint_dir", "model.from"), ("checkpointer.output_dir", "run"), ("checkpoint_dir", "run"),
    ("lora.dropout", "adapter.lora_dropout"), ("rpo_alpha", "objective.loss_type"),
    ("always_save_checkpoint", "checkpoint.every"), ("keep_last_n_checkpoints", "checkpoint.keep_last"),
  ])
  func aSettingIsAnsweredWithOurKey(_ name: String, _ key: String) {
    #expect(ForeignKeys.meaning(of: name)?.key == key)
  }

  @Test(arguments: [
    ("per_device_eval_batch_size", "evaluation.batches says how much"), ("sync_ref_model", "does not change"),
    ("use_liger", "fused"), ("max_steps_per_epoch", "training.max_steps ends a run sooner"),
    ("optimizer_in_bwd", "waits for all gradients"), ("bias", "an adapter trains no biases"),
    ("model.bias", "model.attention_bias"), ("profiler._component_", "train help recipe"),
  ])
  func whatThereIsNotSaysWhy(_ name: String, _ remark: String) {
    let meaning = ForeignKeys.meaning(of: name)
    #expect(meaning?.key == nil && (meaning?.remark ?? "").contains(remark), "\(name): \(String(describing: meaning))")
  }
}
