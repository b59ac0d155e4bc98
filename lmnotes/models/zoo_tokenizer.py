"""The tokenizers of a zoo, as ordinary folders of a fast tokenizer: bytes, and byte pairs.

Both read any string, put one BOS in front, and lose no byte. This module imports tokenizers and
transformers only when called.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

BOS = "<|begin|>"
N_BYTE_IDS = 257  # bytes are their own ids, 256 is BOS


def alphabet() -> list[str]:
    """The character that stands for each byte, in the order of the bytes, as in GPT-2's files."""
    visible = [*range(33, 127), *range(161, 173), *range(174, 256)]
    hidden = (byte for byte in range(256) if byte not in visible)
    places = {byte: 256 + number for number, byte in enumerate(hidden)}
    return [chr(places.get(byte, byte)) for byte in range(256)]


def byte_tokenizer() -> "PreTrainedTokenizerFast":
    """A tokenizer whose ids are BOS and the UTF-8 bytes of the text."""
    from tokenizers import Tokenizer
    from tokenizers.models import BPE

    vocabulary = {char: byte for byte, char in enumerate(alphabet())} | {BOS: 256}
    return _finished(Tokenizer(BPE(vocabulary, [])), use_regex=False)


def train_bpe(texts: Iterable[str], vocabulary: int) -> "PreTrainedTokenizerFast":
    """A byte-pair tokenizer of `vocabulary` ids, BOS and all 256 bytes among them."""
    from tokenizers import Tokenizer
    from tokenizers.models import BPE
    from tokenizers.pre_tokenizers import ByteLevel
    from tokenizers.trainers import BpeTrainer

    if vocabulary <= N_BYTE_IDS:
        raise ValueError(
            f"vocabulary={vocabulary} was given: expected more than {N_BYTE_IDS}, the bytes and "
            "BOS; give more, or use byte_tokenizer()"
        )
    tokenizer = Tokenizer(BPE())
    tokenizer.pre_tokenizer = ByteLevel(add_prefix_space=False, use_regex=True)
    trainer = BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=[BOS],
        initial_alphabet=alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return _finished(tokenizer, use_regex=True)


def _finished(tokenizer, use_regex: bool) -> "PreTrainedTokenizerFast":
    """The tokenizer with bytes before it, BOS in front, and transformers' interface around."""
    from tokenizers.decoders import ByteLevel as Decoder
    from tokenizers.pre_tokenizers import ByteLevel
    from tokenizers.processors import TemplateProcessing
    from transformers import PreTrainedTokenizerFast

    bos = tokenizer.token_to_id(BOS)
    tokenizer.pre_tokenizer = ByteLevel(add_prefix_space=False, use_regex=use_regex)
    tokenizer.decoder = Decoder()
    tokenizer.post_processor = TemplateProcessing(
        single=f"{BOS} $A", pair=f"{BOS} $A $B", special_tokens=[(BOS, bos)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token=BOS,
        eos_token=BOS,
        pad_token=BOS,
        split_special_tokens=True,  # a text that holds the letters of BOS is text
        clean_up_tokenization_spaces=False,
    )
