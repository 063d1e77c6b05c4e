from __future__ import annotations

import pytest

from records.markup import (
    MOST_BRACKETS,
    MOST_MARKS,
    MOST_STOPS,
    PREVIEW_LENGTH,
    leads_to_login,
    preview,
    render,
)


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("**a** _b_ ~~c~~", "<p><strong>a</strong> <em>b</em> <s>c</s></p>"),
        ("# Loud", "<h3>Loud</h3>"),
        ("a\nb", "<p>a<br>\nb</p>"),
        ("<b onclick=x>a</b>", "<p>&lt;b onclick=x&gt;a&lt;/b&gt;</p>"),
        ("<script>alert(1)</script>", "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>"),
        ("`<i>`", "<p><code>&lt;i&gt;</code></p>"),
    ],
)
def test_markdown_becomes_clean_html(text, html):
    assert render(text) == html


@pytest.mark.parametrize(
    ("part", "most"),
    [("[", MOST_BRACKETS), ("*a ", MOST_MARKS), ("a\n", MOST_MARKS), ("a\r", MOST_MARKS),
     ("a\r\n", MOST_MARKS), ("- ", MOST_MARKS), ("1. ", MOST_MARKS), ("a=", MOST_STOPS)],
)  # fmt: skip
def test_a_text_that_would_cost_its_readers_seconds_is_shown_as_typed(part, most):
    within, beyond = "**a** " + part * (most - 4), "**a** <i>" + part * (most + 1)

    assert "<strong>a</strong>" in render(within)
    shown = render(beyond)
    assert shown.startswith("<p>**a** &lt;i&gt;")
    assert shown.count(part.strip()) > most


def test_a_table_that_would_be_filled_up_is_shown_as_typed():
    wide = "|" + "a|" * 300 + "\n|" + "-|" * 300 + "\n" + "|a\n" * 400

    assert "<td>" not in render(wide)


def test_many_lines_within_many_quotes_are_shown_as_typed():
    assert "<blockquote>" in render(">" * 5 + " a\n" + "b\n" * 900)
    assert "<blockquote>" not in render(">" * 15 + " a\n" + "b\n" * 900)


@pytest.mark.parametrize("mark", [">", "- ", "1. "])
@pytest.mark.parametrize("depth", range(5, 30))
def test_no_word_is_lost_however_deep_it_stands(mark, depth):
    html = render(mark * depth + "deep\n\nafter")

    assert "deep" in html
    assert "after" in html


def test_a_long_ordinary_text_is_rendered():
    rows = "\n".join(f"| {n} | **bold** | [link](https://example.com/{n}) |" for n in range(60))
    lines = "\n".join(f"- item_{n} with `code`" for n in range(200))

    html = render(f"# Report\n\n| a | b | c |\n|---|---|---|\n{rows}\n\n{lines}")

    assert (html.count("<tr>"), html.count("<a "), html.count("<li>")) == (61, 60, 200)


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "data:text/html,x",
        "vbscript:x",
        "ftp://example.com/",
        "file:///etc/passwd",
        "//evil.example/",
        "/api/tickets/1",
        "\\\\\\\\evil.example",
        "https://desk.example/agent/auth/login?x=1",
        "https://desk.example/admin/auth/%6cogin",
        "https://desk.example/agent/x/../auth/login",
        "https://desk.example/agent/auth/login/",
        "https://desk.example/?accessToken=1",
        "https://desk.example/?access_token=1",
        "https://desk.example/?a=1&access%54oken=1",
    ],
)
def test_dangerous_links_lead_nowhere(address):
    assert "href" not in render(f"[x]({address})")


@pytest.mark.parametrize(
    "address", ["https://example.com/a?b=c", "http://example.com", "mailto:a@b.example", "tel:+123"]
)
def test_good_links_say_what_they_are(address):
    html = render(f"[x]({address})")

    assert f'href="{address}"' in html
    assert 'rel="noopener noreferrer nofollow ugc"' in html


def test_there_are_no_pictures_from_elsewhere():
    assert "<img" not in render("![x](https://example.com/pixel.png)")


def test_a_login_elsewhere_is_no_login_of_ours():
    assert not leads_to_login("https://example.com/docs/login-help")


def test_a_preview_is_one_line_of_plain_words():
    assert preview("## Still\n\n**burning**, see [here](https://example.com)") == (
        "Still burning , see here"
    )
    assert preview("") == ""


def test_a_preview_reads_only_the_beginning():
    assert preview("a" * 50_000) == "a" * PREVIEW_LENGTH
    assert preview("*" * 50_000 + "a") == ""
