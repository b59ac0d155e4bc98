"""Tiny random models of every architecture that is tested, saved as ordinary model folders.

    folder = save("llama", tmp_path)          # config, safetensors, tokenizer

Weights are larger than a model starts with and biases are not zero, so that a wrong position, a
wrong head or a lost bias shows in the log-likelihoods.
"""

import os

from tiny_settings import OTHERS, UNLIKE, USUAL

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
SETTINGS = USUAL | UNLIKE | OTHERS
NAMES = (*USUAL, *UNLIKE)  # in `make test`


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
