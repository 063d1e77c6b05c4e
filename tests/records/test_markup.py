from __future__ import annotations

import pytest

from records import markup
from records.inline_markdown import MOST_LINKS
from records.markup import MOST_BRACKETS, MOST_HTML, MOST_MARKS, MOST_STOPS, PREVIEW_LENGTH


def render(text: str) -> str:
    return markup.render(text).html


def preview(text: str) -> str:
    return markup.render(text).preview


def shown(text: str) -> str:
    """The HTML of one paragraph, without what stands around it and what all links have."""
    html = render(text).removeprefix('<p dir="auto">').removesuffix("</p>")
    return html.replace(' rel="noopener noreferrer nofollow ugc"', "")


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
    assert render(text).replace(' dir="auto"', "") == html


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("# א\n\nb", '<h3 dir="auto">א</h3>\n<p dir="auto">b</p>'),
        ("- א", '<ul dir="auto">\n<li>א</li>\n</ul>'),
        ("1. - א", '<ol dir="auto">\n<li>\n<ul>\n<li>א</li>\n</ul>\n</li>\n</ol>'),
        ("> א", '<blockquote>\n<p dir="auto">א</p>\n</blockquote>'),
        ("- a\n\nb", '<ul dir="auto">\n<li>a</li>\n</ul>\n<p dir="auto">b</p>'),
    ],
)  # fmt: skip
def test_what_people_write_runs_in_its_own_direction(text, html):
    assert render(text) == html


def test_cells_run_in_their_own_direction():
    html = render("|א|b|\n|-|-|\n|c|ד|")

    assert (html.count('<th dir="auto">'), html.count('<td dir="auto">')) == (2, 2)


def test_what_is_shown_as_typed_runs_in_its_own_direction():
    assert render("*א" * MOST_MARKS).startswith('<p dir="auto">*א')


@pytest.mark.parametrize(
    "text",
    [
        "\\\\fileserver\\share", "C:\\_tmp\\!old", "5*3*2", "2**3**2", "__init__.py", "self._x_",
        "/tmp/_x_/y", "*.jpg,*.png", "a.*,b.* FROM t", "snake_case_name", "ORD_2041_A",
        "a\\*b\\*c", "C:\\tmp\\*", "[Note]: see there", "[1]: x", "слово*слово*слово", "a~~b~~c",
    ],
)  # fmt: skip
def test_plain_text_stays_as_it_was_typed(text):
    assert shown(text) == text
    assert preview(text) == text


@pytest.mark.parametrize("text", ["&lt;b&gt;", "&nbsp;", "&copy; 2026", "&#169;"])
def test_entities_stay_as_they_were_typed(text):
    assert shown(text) == text.replace("&", "&amp;")
    assert preview(text) == text


@pytest.mark.parametrize("line", ["---", "===", "-----"])
def test_a_line_over_a_rule_is_no_heading(line):
    html = render(f"It is late.\n{line}\nBob")

    assert "<h" not in html.replace("<hr>", "")
    assert "It is late." in html


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("**重要：**请看", "<strong>重要：</strong>请看"),
        ("请看**“重要”**的", "请看<strong>“重要”</strong>的"),
        ("这*很*好", "这<em>很</em>好"),
        ("~~删除：~~请看", "<s>删除：</s>请看"),
        ("**단어**를", "<strong>단어</strong>를"),
        ("**สำคัญ**มาก", "<strong>สำคัญ</strong>มาก"),
        ("**見て！**ください", "<strong>見て！</strong>ください"),
        ("**Name**:John", "<strong>Name</strong>:John"),
        ("_a_, *b*c* and __d__.", "<em>a</em>, <em>b*c</em> and <strong>d</strong>."),
    ],
)
def test_emphasis_ends_where_people_end_it(text, html):
    assert shown(text) == html


@pytest.mark.parametrize(
    ("text", "address", "behind"),
    [
        ("see https://example.com/a", "https://example.com/a", ""),
        ("请看https://example.com/a。谢谢", "https://example.com/a", "。谢谢"),
        ("（https://example.com/a）好", "https://example.com/a", "）好"),
        ("“https://example.com/a”", "https://example.com/a", "”"),
        ("https://example.com/a、b", "https://example.com/a", "、b"),
        ("(https://example.com/a_(b)).", "https://example.com/a_(b)", ")."),
        ("HTTP://example.com/a?b=c&d#e!", "HTTP://example.com/a?b=c&amp;d#e", "!"),
        ("<https://example.com/a>", "https://example.com/a", ""),
        ("http://localhost:8000/", "http://localhost:8000/", ""),
    ],
)
def test_an_address_becomes_a_link(text, address, behind):
    href = address.replace("HTTP", "http") if "HTTP" in address else address
    before = text.partition("http")[0].partition("HTTP")[0].strip("<")
    expected = f'{before}<a href="{href}">{address}</a>{behind}'

    assert shown(text).replace("HTTP://", "http://") == expected.replace("HTTP://", "http://")


def test_an_address_with_other_letters_is_linked_as_browsers_know_it():
    assert shown("https://例子.中国/路") == (
        '<a href="https://xn--fsqu00a.xn--fiqs8s/%E8%B7%AF">https://例子.中国/路</a>'
    )


@pytest.mark.parametrize(
    "text", ["xhttps://example.com", "https://", "https://。", "ftp://example.com", "http:a"]
)
def test_what_is_no_address_is_no_link(text):
    assert shown(text) == text


def test_an_address_within_a_link_or_code_is_no_second_link():
    assert render("[https://a.example](https://b.example) `https://c.example`").count("<a ") == 1


def test_only_so_many_addresses_become_links():
    html = render("https://example.com/a " * (MOST_LINKS + 50))

    assert html.count("<a ") == MOST_LINKS
    assert html.count("https://example.com/a</a>") == MOST_LINKS
    assert render("https://example.com/" + "a" * 3000).count("<a ") == 0


def test_html_that_grows_too_long_is_shown_as_typed():
    text = ("[a](http://b.c/" + "ü" * 200 + ") ") * 199

    assert len(render(text)) < len(text) + 100 < MOST_HTML
    assert "<a " not in render(text)


@pytest.mark.parametrize(
    ("part", "most"),
    [("[", MOST_BRACKETS), ("*a ", MOST_MARKS), ("a\n", MOST_MARKS), ("a\r", MOST_MARKS),
     ("a\r\n", MOST_MARKS), ("- ", MOST_MARKS), ("1. ", MOST_MARKS), ("a=", MOST_STOPS)],
)  # fmt: skip
def test_a_text_that_would_cost_its_readers_seconds_is_shown_as_typed(part, most):
    within, beyond = "**a** " + part * (most - 4), "**a** <i>" + part * (most + 1)

    assert "<strong>a</strong>" in render(within)
    html = render(beyond)
    assert html.startswith('<p dir="auto">**a** &lt;i&gt;')
    assert html.count(part.strip()) > most


def test_a_table_that_would_be_filled_up_is_shown_as_typed():
    wide = "|" + "a|" * 300 + "\n|" + "-|" * 300 + "\n" + "|a\n" * 400

    assert "<td" not in render(wide)


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
        "https://desk.example/?access-token=1",
        "https://desk.example/?amp;accessToken=1",
        "https://desk.example/#accessToken=1",
        "https://desk.example/x?token=eyJhbGciOi",
        "http://desk.example/x%3f/../agent/auth/login?token=eyJ",
        "http://desk.example/x%23/../agent/auth/login?token=1",
        "https://desk.example/agent/auth/open#wlc_abc",
        "https://desk.example/agent/auth/switch",
        "https://desk.example/help/auth/login",
        "https://desk.example/f/abc/agent/auth/login",
        "https://desk.example//agent/auth/login",
        "https://desk.example/x/%2e%2e/agent/auth/login",
        "https://desk.example/x%2f..%2fagent%2fauth%2flogin",
        "https://desk.example\\agent\\auth\\login",
        "http:/agent/auth/login",
        "http:agent/auth/login",
        "https:///agent/auth/login",
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
    for address in (
        "https://example.com/docs/login-help",
        "https://example.com/reset?token=abc",
        "https://example.com/auth/login",
    ):
        assert f'href="{address}"' in render(address)


def test_a_preview_is_one_line_of_plain_words():
    assert preview("## Still\n\n**burning**, see [here](https://example.com)") == (
        "Still burning, see here"
    )
    assert preview("- one\n- `two`\n\n```\nthree\n```\n|a|b|\n|-|-|\n|c|d|") == (
        "one two three a b c d"
    )
    assert preview("<b>x</b>") == "<b>x</b>"
    assert preview("---") == "---"
    assert preview("") == ""


def test_a_preview_reads_only_the_beginning():
    assert preview("a" * 50_000) == "a" * PREVIEW_LENGTH
    assert preview("*" * 50_000 + "a") == "*" * PREVIEW_LENGTH
    assert preview(" \n" * 20_000 + "a") == ""
