"""A tiny Llama of `tiny_models` as one .gguf file, written as llama.cpp's converter does.

    write(folder / "tiny.gguf", model, tokenizer, kind="Q8_0")

Names of tensors and settings: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

import json

import numpy as np

NAMES = {
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
    "model.embed_tokens": "token_embd",
    "model.norm": "output_norm",
    "lm_head": "output",
}


def settings(writer, config, tokenizer, file_type):
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_dimension_count(config.hidden_size // config.num_attention_heads)
    writer.add_rope_freq_base(config.rope_parameters["rope_theta"])
    if file_type is not None:
        writer.add_file_type(file_type)
    known = {index: token for token, index in tokenizer.get_vocab().items()}
    special = set(tokenizer.all_special_ids)
    size = config.vocab_size
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list([known.get(index, f"[PAD{index}]") for index in range(size)])
    writer.add_token_types([3 if n in special else 1 if n in known else 5 for n in range(size)])
    merges = json.loads(tokenizer.backend_tokenizer.to_str())["model"]["merges"]
    writer.add_token_merges([" ".join(pair) for pair in merges])
    writer.add_bos_token_id(tokenizer.bos_token_id)
    writer.add_eos_token_id(tokenizer.eos_token_id)
    writer.add_pad_token_id(tokenizer.pad_token_id)
    writer.add_unk_token_id(tokenizer.unk_token_id)
    writer.add_add_bos_token(False)


def tensors(model):
    """Name and array of each tensor, as the format has them."""
    heads = {"attn_q": "num_attention_heads", "attn_k": "num_key_value_heads"}
    for name, tensor in model.state_dict().items():
        path, _, end = name.rpartition(".")
        prefix = ""
        if path.startswith("model.layers."):
            number, _, path = path.removeprefix("model.layers.").partition(".")
            prefix = f"blk.{number}."
        short, array = NAMES[path], tensor.float().numpy()
        if short in heads:  # pairs of RoPE beside each other, not a half apart
            n = getattr(model.config, heads[short])
            array = array.reshape(n, 2, len(array) // n // 2, -1).swapaxes(1, 2)
            array = array.reshape(tensor.shape)
        yield f"{prefix}{short}.{end}", np.ascontiguousarray(array)


def write(path, model, tokenizer, kind="F32", file_type=None, architecture="llama", more=None):
    """Write the file; matrices are kept as `kind`, what `more` holds is added or, if None, left."""
    import gguf

    writer = gguf.GGUFWriter(path, architecture)
    settings(writer, model.config, tokenizer, file_type)
    for name, array in (dict(tensors(model)) | (more or {})).items():
        if array is None:
            continue
        as_kind = gguf.GGMLQuantizationType[kind if array.ndim == 2 else "F32"]
        writer.add_tensor(name, gguf.quants.quantize(array, as_kind), raw_dtype=as_kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path
