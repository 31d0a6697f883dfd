"""What is said of a verdict: the pictures behind it, and who thinks what of it."""

from backend_api.contract.verdicts import Sighting, StoredReview
from tests.backend_api.events import START, make_result
from ui.review.verdict import frames_html, review_line
from ui.text.local_time import Zone

BERLIN = Zone.from_name("Europe/Berlin")


def make_review(**overrides: object) -> StoredReview:
    fields = {
        "agree": "no",
        "note": "",
        "who": "ann",
        "event_id": "0a4fbb4e-8f0c-5a0e-9f0b-3f7f3c1f2d11",
        "at": START,
        "model": "mock",
        "prompt_version": "1",
        "verdict": "cleaned",
    }
    return StoredReview.model_validate(fields | overrides)


def test_each_frame_has_its_second_and_what_was_seen_in_it() -> None:
    result = make_result(
        frame_times_s=(0.5, 1.5), seen=(Sighting(frame=2, what="<b>A cloth</b>"), Sighting(frame=2, what="A hand."))
    )
    html = frames_html(["/m/frames/1?a=1&b=2", "/m/frames/2"], result, lambda path: f"http://backend{path}")
    assert html == (
        '<ol class="frames">'
        '<li><img src="http://backend/m/frames/1?a=1&amp;b=2" alt="Frame 1, at 0.5 s" loading="lazy">'
        "<strong>0.5 s</strong> </li>"
        '<li><img src="http://backend/m/frames/2" alt="Frame 2, at 1.5 s" loading="lazy">'
        "<strong>1.5 s</strong> &lt;b&gt;A cloth&lt;/b&gt; A hand.</li>"
        "</ol>"
    )


def test_frames_that_were_not_kept_are_told_in_words_alone() -> None:
    html = frames_html([], make_result(frame_times_s=(0.5,), seen=(Sighting(frame=1, what="A cloth."),)), str)
    assert html == '<ol class="frames"><li><strong>0.5 s</strong> A cloth.</li></ol>'
    assert frames_html([], make_result(frame_times_s=()), str) == ""


def test_no_frame_stands_in_the_place_of_one_that_is_gone() -> None:
    html = frames_html(["/m/frames/2", "/m/frames/10"], make_result(frame_times_s=(0.5, 1.5)), str)
    assert html == (
        '<ol class="frames"><li><strong>0.5 s</strong> </li>'
        '<li><img src="/m/frames/2" alt="Frame 2, at 1.5 s" loading="lazy"><strong>1.5 s</strong> </li></ol>'
    )


def test_a_review_says_who_when_and_why() -> None:
    line = review_line(make_review(note="She only leans on it."), make_result(), BERLIN)
    assert line == "Disagreed, ann, Saturday, 31 January 2026, 10:00:00 (Europe/Berlin): She only leans on it."


def test_a_review_of_an_earlier_verdict_says_so() -> None:
    line = review_line(make_review(agree="yes"), make_result(prompt_version="2"), BERLIN)
    assert line.startswith("Agreed with an earlier verdict, ann, ")
