"""The tokenizer of multilingual-e5-small, rebuilt from the vocabulary that lies beside the weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.encoder.weights import Vocabulary

if TYPE_CHECKING:
    from tokenizers import Tokenizer

DROPPED = r"[\x00-\x08\x0b\x0e-\x1f\x7f\x8f\x9f]"
"""Control characters that SentencePiece's nmt_nfkc rules leave out."""

SPACES = r"[\t\n\f\r\u1680\u200b-\u200f\u2028\u2029\u2581\ufeff\ufffd]"
"""Characters that those rules turn into a space and NFKC does not."""


def build_tokenizer(vocabulary: Vocabulary) -> Tokenizer:
    """A tokenizer that gives `<s> … </s>`.

    Follows SentencePiece (Kudo and Richardson 2018) as XLM-RoBERTa uses it: NFKC, white space folded and written as
    U+2581 in front of each word, and the most probable split into pieces (unigram).
    """
    from tokenizers import Regex, Tokenizer, decoders, normalizers, pre_tokenizers, processors
    from tokenizers.models import Unigram

    tokenizer = Tokenizer(Unigram(list(vocabulary.pieces), vocabulary.unknown, False))
    tokenizer.normalizer = normalizers.Sequence(
        [
            normalizers.Replace(Regex(DROPPED), ""),
            normalizers.Replace(Regex(SPACES), " "),
            normalizers.NFKC(),
            normalizers.Replace(Regex(" {2,}"), " "),
        ]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    begin, end = (vocabulary.pieces[i][0] for i in (vocabulary.begin, vocabulary.end))
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{begin} $A {end}", special_tokens=[(begin, vocabulary.begin), (end, vocabulary.end)]
    )
    return tokenizer
