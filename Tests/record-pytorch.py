"""Records the PyTorch values that the tests compare with. Run by hand; the tests need no Python.

    pip install torch safetensors gguf transformers    (transformers is optional: it checks the models written here)
    python3 Tests/record-pytorch.py

Everything is computed in float64 from inputs that are exact in float32, and written below Tests/Fixtures:

    operations/GROUP.json         the cases: operation, label, attributes, number of inputs, names of integer inputs
    operations/GROUP.safetensors  inputs and upstream gradients (F32), integers (I64), outputs and gradients (F64)
    models/NAME/                  config.json and model.safetensors as Hugging Face writes them
    models/NAME/reference.json    loss, ten AdamW steps, a greedy continuation
    models/NAME/reference.safetensors  tokens, targets, logits (F64), hidden states, gradients (F32)
    tuning/{sft,dpo}-NAME.json    examples or pairs for the model of that name, losses and gradient norms of three steps
    tuning/{sft,dpo}-NAME.safetensors  gradients (F32)
    interchange/ggml-blocks.json  quantised blocks and the weights they stand for, by ggml's own package
"""

from recording.blocks import record_blocks
from recording.models import record_models
from recording.operations import record_operations
from recording.tuning import record_tuning

record_operations()
record_models()
record_tuning()
record_blocks()
