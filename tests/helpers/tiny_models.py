"""Tiny random models of every architecture that is tested, saved as ordinary model folders.

    folder = save("llama", tmp_path)          # config, safetensors, tokenizer

Weights are larger than a model starts with and biases are not zero, so that a wrong position, a
wrong head or a lost bias shows in the log-likelihoods.
"""

import os

os.environ.setdefault("HF_HUB_OFFLINE", "1")
N_VOCABULARY = 320  # more than the tokenizer has: heads are padded in real models too
TEXTS = [
    "The map of a population of models is drawn from what they make of the same texts.",
    "Short.",
    "A",
    "def area(radius):\n    return 3.14159 * radius ** 2\n",
    "Zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich. 日本語の文章もある。",
    "the cat sat on the mat and the dog sat on the log and the cat saw the dog " * 3,
    "0 1 1 2 3 5 8 13 21 34 55 89 144 233 377 610 987 1597 2584 4181",
    "One more, of a middling length, that ends here.",
    "x",
    "Whether padding is harmless depends on nothing ever looking to the right.",
]

COMMON = {"vocab_size": N_VOCABULARY, "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0}
LLAMA = {
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 256,
}
GPT2 = {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 256}
EXPERTS = {"num_experts_per_tok": 2, "moe_intermediate_size": 24}
SETTINGS = {
    "gpt2": GPT2,
    "gpt_neo": {
        "hidden_size": 32,
        "num_layers": 2,
        "num_heads": 4,
        "window_size": 16,
        "attention_types": [[["global", "local"], 1]],
        "max_position_embeddings": 256,
    },
    "gpt_neox": {**LLAMA, "rotary_pct": 0.25},
    "gptj": {**GPT2, "rotary_dim": 4},
    "opt": {
        "hidden_size": 32,
        "ffn_dim": 48,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "max_position_embeddings": 256,
        "word_embed_proj_dim": 16,
    },
    "bloom": {"hidden_size": 32, "n_layer": 2, "n_head": 4},
    "falcon": {
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "alibi": True,
        "new_decoder_architecture": False,
        "bias": True,
    },
    "mpt": {"d_model": 32, "n_heads": 4, "n_layers": 2, "max_seq_len": 256, "logit_scale": 0.5},
    "llama": LLAMA,
    "mistral": {**LLAMA, "sliding_window": 24},
    "qwen2": LLAMA,
    "qwen3": {**LLAMA, "head_dim": 8},
    "gemma2": {
        **LLAMA,
        "head_dim": 8,
        "final_logit_softcapping": 4.0,
        "sliding_window": 24,
        "attn_logit_softcapping": 5.0,
        "query_pre_attn_scalar": 8,
    },
    "cohere": {**LLAMA, "logit_scale": 0.3},
    "granite": {
        **LLAMA,
        "logits_scaling": 3.0,
        "residual_multiplier": 0.7,
        "embedding_multiplier": 2.0,
        "attention_multiplier": 0.2,
    },
    "phi": {**LLAMA, "partial_rotary_factor": 0.5},
    "phi3": LLAMA,
    "stablelm": {**LLAMA, "use_qkv_bias": True},
    "olmo2": LLAMA,
    "mamba": {"hidden_size": 32, "num_hidden_layers": 2, "state_size": 8},
    "mamba2": {
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "state_size": 8,
        "num_heads": 8,
        "head_dim": 8,
        "n_groups": 2,
        "chunk_size": 16,
    },
    "falcon_h1": {
        **LLAMA,
        "lm_head_multiplier": 0.6,
        "mamba_d_ssm": 32,
        "mamba_n_heads": 4,
        "mamba_d_head": 8,
        "mamba_d_state": 8,
        "mamba_chunk_size": 16,
        "head_dim": 8,
    },
    "rwkv": {"hidden_size": 32, "attention_hidden_size": 32, "num_hidden_layers": 2},
    "mixtral": {**LLAMA, "num_local_experts": 4, "num_experts_per_tok": 2},
    "qwen2_moe": {**LLAMA, **EXPERTS, "num_experts": 4, "shared_expert_intermediate_size": 32},
    "olmoe": {**LLAMA, **EXPERTS, "num_experts": 4},
}
NAMES = tuple(SETTINGS)


def tokenizer(*, adds_bos=False, unknown=False):
    """A byte-level BPE of about 300 tokens; with `unknown`, one word per token instead."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    special = ["<pad>", "<s>", "</s>", "<unk>"]
    if unknown:
        words = special + sorted({word for text in TEXTS[:3] for word in text.split()})
        made = Tokenizer(models.WordLevel({w: i for i, w in enumerate(words)}, unk_token="<unk>"))
        made.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    else:
        made = Tokenizer(models.BPE())
        made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        made.decoder = decoders.ByteLevel()
        trainer = trainers.BpeTrainer(
            vocab_size=300,
            special_tokens=special,
            show_progress=False,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        )
        made.train_from_iterator(TEXTS, trainer)
    if adds_bos:
        made.post_processor = processors.TemplateProcessing(
            single="<s> $A", pair="<s> $A <s> $B", special_tokens=[("<s>", 1)]
        )
    names = dict(zip(("pad_token", "bos_token", "eos_token", "unk_token"), special, strict=True))
    return PreTrainedTokenizerFast(tokenizer_object=made, **names)


def model(name, *, seed=0, **changes):
    """A model of the architecture with random weights, in memory."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    config = AutoConfig.for_model(name, **{**COMMON, **SETTINGS[name], **changes})
    torch.manual_seed(seed)
    made = AutoModelForCausalLM.from_config(config).eval()
    with torch.no_grad():
        for key, weights in made.named_parameters():
            if key.endswith(("A_log", "dt_bias", "time_decay")):
                continue  # rates of a recurrence, which must stay in their range
            if weights.ndim >= 2:
                weights.normal_(0, 2.0 / weights.shape[-1] ** 0.5)
            else:
                weights.add_(0.3 * torch.randn_like(weights))
    return made


def save(name, folder, *, adds_bos=False, unknown=False, **changes):
    """The folder, with a model of the architecture and a tokenizer saved in it, as a string."""
    model(name, **changes).save_pretrained(folder)
    tokenizer(adds_bos=adds_bos, unknown=unknown).save_pretrained(folder)
    return str(folder)
