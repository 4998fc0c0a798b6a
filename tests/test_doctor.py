"""The label doctor: whatever would teach a model something else than it is meant to learn is refused, and named."""

from collections.abc import Sequence
from typing import Any

import pytest

pytest.importorskip("transformers")

from shishen.errors import ShishenError
from shishen.examples import Example, dialogue
from shishen.local_models.chat_template import render
from shishen.records import Message, Rejected
from shishen.training.doctor import check_labels, check_tokenizer, facts_of, inspect, tokens_of
from tests.toy_tokenizers import MISTRAL, PLAIN, QWEN3, TWO_FACED, bytewise, llama3, sentencepiece
from tests.training_samples import examples


def refusals(found: Any) -> list[str]:
    return [finding.words for finding in found.findings if finding.refused]


def test_good_data_is_not_refused() -> None:
    found = inspect(examples(), bytewise(), show=2)
    assert found.findings == ()
    assert (found.examples, found.sequences, len(found.shown)) == (12, 12, 2)
    assert found.tokens == sum(found.lengths)
    assert 0 < found.learned < found.tokens
    facts = facts_of(found)
    assert facts["lengths"]["100%"] == max(found.lengths)
    assert facts["learned"] == found.learned


def test_nothing_to_learn_is_refused() -> None:
    (words,) = refusals(inspect([], bytewise()))
    assert "没有一个词元是要学的" in words
    bad = Rejected(path="a", line=3, reason="坏")
    found = inspect([bad], bytewise())
    assert found.rejected == 1
    assert "没有一个词元是要学的" in "".join(refusals(found))
    assert any("1 条不是可以学的" in f.words and not f.refused for f in found.findings)


def test_a_template_without_an_end_is_refused() -> None:
    (words,) = refusals(inspect(examples(), bytewise(PLAIN)))
    assert "没有写结束符" in words
    with pytest.raises(ShishenError, match="没有写结束符"):
        check_tokenizer(bytewise(PLAIN))


def test_an_end_that_is_not_learned_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from shishen.local_models import chat_template
    from shishen.training import doctor

    def without_ends(tokenizer: Any, messages: Sequence[Message]) -> list[chat_template.Encoded]:
        return [
            chat_template.Encoded(one.ids, (*one.learned[:-1], False))
            for one in chat_template.encode(tokenizer, messages)
        ]

    monkeypatch.setattr(doctor, "encode", without_ends)
    (words,) = refusals(inspect(examples(), bytewise()))
    assert "12 条的回答没有学到结束符" in words


def test_truncation_is_refused_with_the_length_that_would_do() -> None:
    whole = inspect(examples(), bytewise())
    longest = sorted(whole.lengths)[-3]
    found = inspect(examples(), bytewise(), longest=longest)
    over = sum(length > longest for length in whole.lengths)
    assert (found.over, found.cut_answers) == (over, over)
    (words,) = refusals(found)
    assert f"{over} 条超过 {longest} 个词元" in words
    assert f"batch.longest 设为 {max(whole.lengths)}" in words
    assert not inspect(examples(), bytewise(), longest=max(whole.lengths)).findings


def test_the_template_that_is_served_must_ask_alike() -> None:
    tokenizer = bytewise()
    own = tokenizer.chat_template
    assert not inspect(examples(), tokenizer, served_template=own + "\n").findings
    (words,) = refusals(inspect(examples(), tokenizer, served_template=QWEN3))
    assert "部署用的不一样" in words
    # Written in another way, it asks the same.
    alike = own.replace("message", "turn").replace("turns", "messages")
    assert alike != own
    found = inspect(examples(), tokenizer, served_template=alike)
    assert not refusals(found)
    assert len(found.findings) == 1
    assert tokenizer.chat_template == own


def test_a_template_that_asks_in_another_way_than_it_teaches_is_refused() -> None:
    with pytest.raises(ShishenError, match="学的就不是用的"):
        check_tokenizer(bytewise(TWO_FACED))


def test_ends_masked_with_the_padding_are_refused() -> None:
    tokenizer = bytewise()
    end, other = tokenizer.eos_token_id, 200
    ids = [other, other, end, end, end]
    check_labels(ids, [-100, other, end, -100, -100], tokenizer)
    with pytest.raises(ShishenError, match="结束符没有一个是要学的"):
        check_labels(ids, [-100, other, -100, -100, -100], tokenizer)
    tokenizer.pad_token = tokenizer.eos_token
    with pytest.raises(ShishenError, match="填充符和结束符是同一个"):
        check_labels(ids, [-100, other, -100, -100, -100], tokenizer)
    with pytest.raises(ShishenError, match="没有一个词元是要学的"):
        check_labels(ids, [-100] * 5, tokenizer)


HARD = dialogue(
    [
        ("a b  c 怎么做", "Fry two eggs 🍳👨‍👩‍👧。\n\n  - 𠮷野家 , 盐 3 g !"),
        ("然后\n\n呢 ", "é̀ ﷽ 完。 "),
    ]
)


@pytest.mark.parametrize("make", [bytewise, llama3, lambda: sentencepiece(MISTRAL), lambda: bytewise(QWEN3)])
def test_tokens_shown_join_to_the_text(make: Any) -> None:
    tokenizer = make()
    rows = tokens_of(tokenizer, HARD)
    # A tokenizer may itself write a text in another form (NFC); tokens have the words of what they say together.
    for row in rows:
        ids = [token.id for token in row]
        assert "".join(token.text for token in row) == tokenizer.decode(ids, clean_up_tokenization_spaces=False)
    whole = "".join(token.text for token in rows[-1])
    for sign in ("🍳", "👨‍👩‍👧", "𠮷", "﷽"):
        assert sign in "".join(token.text for row in rows for token in row)
    if make is bytewise:
        assert whole == render(tokenizer, HARD).removesuffix("\n")
    learned = ["".join(token.text for token in row if token.learned) for row in rows]
    assert "Fry two eggs 🍳" in "".join(learned)
    assert "怎么做" not in "".join(learned)


def test_a_text_that_breaks_off_in_a_character_is_shown_to_its_end() -> None:
    tokenizer = bytewise()
    broken = dialogue([("\ufffd 坏了\ufffd", "好\ufffd")])
    (row,) = tokens_of(tokenizer, broken)
    assert "".join(token.text for token in row) == tokenizer.decode([token.id for token in row])


def test_examples_are_shown_with_what_is_learned() -> None:
    example = Example(id="a", messages=dialogue([("盐呢", "三克。")]))
    found = inspect([example], bytewise(), show=1)
    (row,) = found.shown
    assert "".join(token.text for token in row if token.learned) == "三克。<|im_end|>"
