"""Markup to plain text: what goes, what stays, and that hostile markup costs linear time."""

import string
import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cybersieve import folding, text

IDENTIFIERS = ["CVE-2031-12345", "CWE-79", "d41d8cd98f00b204e9800998ecf8427e", "192.0.2.17", "2001:db8::1", "T1059.001",
               "hxxp://evil[.]example/a_b__c*d", "hxxps[:]//192[.]0[.]2[.]1/x", "user[at]example[dot]org",
               "evil[.]example", "__init__", "C:\\Windows\\Temp\\a.exe", "HKLM\\Software\\*", "CAPEC-66", "a@b.example",
               "https://example.org/?a=1&copy=2&lt=3", "10.0.0.0/8", "GHSA-aaaa-bbbb-cccc", "foo_bar_baz",
               "2 < 3 && 4 > 1"]


@pytest.mark.parametrize("format", text.FORMATS)
@pytest.mark.parametrize("end", ["\r\n", "\r"])
def test_line_ends_do_not_matter(format, end):
    lines = "A title\n=======\n\nbroken\nlines:\n\n- one\n- two\n\n```\nx = 1\n```\n\n<p>the\nend</p>\n"
    assert text.plain(lines.replace("\n", end), format) == text.plain(lines, format)


@pytest.mark.parametrize("format", text.FORMATS)
@pytest.mark.parametrize("identifier", IDENTIFIERS)
def test_identifiers_are_never_altered(format, identifier):
    sentence = f"See {identifier} (new) for it.\nThen {identifier}, and again: {identifier}"
    assert text.plain(sentence, format).count(identifier) == 3


@pytest.mark.parametrize("format", ["html", "markdown", "auto"])
@pytest.mark.parametrize(("markup", "expected"), [
    ("2<sup>128</sup> keys, 1.5×10<sup>-6</sup>, -10<sup>3</sup>", "2^128 keys, 1.5×10^-6, -10^3"),
    ("-10<sup>3</sup>", "-10^3"),
    ("O(<i>n</i><sup>2</sup>), g<sup>a</sup>, 2<sup>n</sup>", "O(n^2), g^a, 2^n"),
    ("it is.<sup>1</sup> As said<sup>2</sup>, see<sup>[3]</sup> 5<sup>[4]</sup>", "it is.1 As said2, see[3] 5[4]"),
    ("the 1<sup>st</sup>, 3<sup>e</sup>, 2<sup>o</sup>, n<sup>o</sup> 5", "the 1st, 3e, 2o, no 5"),
    ("CVE-2031-12345<sup>1</sup> SHA256<sup>2</sup>", "CVE-2031-123451 SHA2562"),
    ("H<sub>2</sub>O, x<sub>0</sub>, 10<sup></sup>", "H2O, x0, 10"),
])
def test_exponents_are_told_from_footnotes_and_ordinals(format, markup, expected):
    assert text.plain(markup, format) == expected
    assert text.plain(f"<p>{markup}</p>", format) == expected


@pytest.mark.parametrize(("format", "markup", "expected"), [
    ("html", "<p>One &amp; two</p><p>three<br>four</p>", "One & two\nthree\nfour"),
    ("html", "<ul><li>a</li><li>b</li></ul>", "a\nb"),
    ("html", "see <a href='https://example.org'>this  page</a> now", "see this page now"),
    ("html", "a<script>alert(1)</script>b<style>p{}</style>c<!-- d -->e", "abce"),
    ("html", "<pre>x = 1\n  y = 2</pre>", "x = 1\n  y = 2"),
    ("html", "<p>So:</p>\n<pre>    def <b>f</b>(x):\n\n        if x:\n            return  1  \n  </pre><p>  End",
     "So:\ndef f(x):\n    if x:\n        return 1\nEnd"),
    ("html", "<pre>a {\n\tb\n}</pre>", "a {\n    b\n}"),
    ("markdown", "So:\n```python\ndef f(x):\n    return  1\n```\n  End", "So:\ndef f(x):\n    return 1\nEnd"),
    ("auto", "So:\n~~~\n  <a>\n    b\n~~~", "So:\n<a>\n  b"),
    ("html", "plain", "plain"),
    ("html", "<div><div><div>deep</div></div></div> tail", "deep\ntail"),
    ("html", "use &lt;script&gt; tags", "use <script> tags"),
    ("html", "unclosed <b>bold and <i>italic", "unclosed bold and italic"),
    ("html", "<https://example.org/x> is a link", "https://example.org/x is a link"),
    ("html", "wrapped\nlines are\none", "wrapped\nlines are\none"),
    ("html", "wrapped\nlines <b>are</b>\none", "wrapped lines are one"),
    ("html", "<p>do</p><code>\n  a\n  b\n</code><p>in <code>a\nb</code>, so</p>", "do\na\nb\nin a b, so"),
    ("wrapped", "one\ntwo\n\n  three\n  four", "one two\nthree four"),
    ("wrapped", "a\n- b\nso:\n- c\n  d\n- e\n\n* f\n* g", "a - b so:\n- c d\n- e\n* f\n* g"),
    ("wrapped", "run:\n# ls\n    # cd ..\n\n3. a\n4. b", "run:\n# ls\n# cd ..\n3. a\n4. b"),
    ("wrapped", "so\nit is:\n\n    a {\n      b\n    }\n\nall\n of it", "so it is:\na {\nb\n}\nall of it"),
    ("wrapped", "one\ntwo\n```\na\n\nb\nc\n```\nthree\nfour", "one two\n```\na\nb\nc\n```\nthree four"),
    ("wrapped", "one\ntwo\n~~~~\na\n```\nb\nc\n~~~\nd\ne\n~~~~~\nf\ng",
     "one two\n~~~~\na\n```\nb\nc\n~~~\nd\ne\n~~~~~\nf g"),
    ("wrapped", "    All is\n    far in\n\n    as\n    here.", "All is far in\nas here."),
    ("wrapped", "one\ntwo\n\n    a = 1\n    b = 2", "one two\na = 1\nb = 2"),
    ("wrapped", "so:\n\n    if a\n  b\nc\n\nd\ne", "so:\nif a\nb\nc\nd e"),
    ("markdown", "```\na\n```sh\nb\n```", "a\n```sh\nb"),
    ("auto", "it stops at\n```\n# id", "it stops at\n```\n# id"),
    ("auto", "if a < b:\n\n# id", "if a < b:\n# id"),
    ("auto", "It is so[citation needed].", "It is so."),
    ("bbcode", "[b]Note[/b] [*] one", "Note [*] one"),
    ("html", "<!-- nothing -->", ""),
    ("html", "the <script> of a sentence, a <plaintext>", "the <script> of a sentence, a <plaintext>"),
    ("html", "a <iframe> and <textarea> end nothing", "a <iframe> and <textarea> end nothing"),
    ("html", "len <size occurs in bar()", "len <size occurs in bar()"),
    ("html", "if a<b && c>d then i <s && j", "if a<b && c>d then i <s && j"),
    ("html", "map<string, vector<int>> and Optional<T>", "map<string, vector<int>> and Optional<T>"),
    ("html", "an open <!-- comment, <?php echo 1 ?>", "an open <!-- comment, <?php echo 1 ?>"),
    ("html", "cp <path> <user@example.org>; x << 3; </3", "cp <path> <user@example.org>; x << 3; </3"),
    ("html", "<foo>its end</foo> <o:p></o:p><hr><img src=x><input disabled><br/>stays", "its end\nstays"),
    ("html", '<a href="x > y">link</a> <p align=>and<td width=5 nowrap> cell', "link\nand\ncell"),
    ("html", '<?xml version="1.0"?><!DOCTYPE html><![CDATA[<p>kept</p>]]>', "kept"),
    ("html", "in<wbr>visible <div hidden data-v-12 _ngcontent-a>a</div> <x data-foo>", "invisible\na\n<x data-foo>"),
    ("html", "if a[b[i]]>0 <b>then</b>", "if a[b[i]]>0 then"),
    ("auto", "<jats:p>write &amp;lt; for it</jats:p>", "write &lt; for it"),
    ("html", 'cut off <a href="https://exam', "cut off"),
    ("html", "<div>" * 300 + "deep &amp; down", "deep & down"),
    ("html", "<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a\nb\nc"),
    ("markdown", "[Emotet](https://example.org/S0367) drops it.(Citation: Some Blog 2031)", "Emotet drops it."),
    ("markdown", "(Citation: A (b) c) after", "after"),
    *[(format, f"Foo (an old one) drops it.{cut}", "Foo (an old one) drops it.") for format in ("markdown", "auto")
      for cut in [" (Citation: Some Bl...", "(Citation: A (b", "(Citation:...", " (Cit...", "(Citation: A)(Citation…"]],
    ("markdown", "It drops [Foo](https://example.org/S1) and [Bar](https://exam...", "It drops Foo and Bar"),
    ("auto", "It drops [Bar](h...", "It drops Bar"),
    ("markdown", "Cut at [Bar](Baz and (Conti...", "Cut at [Bar](Baz and (Conti..."),
    ("markdown", "# Heading\ntext **bold** and `code`", "Heading\ntext bold and code"),
    ("markdown", "```python\nx = 1\n```", "x = 1"),
    ("markdown", "![alt words](img.png) [docs](/a/b 'title') [x][1]\n\n[1]: https://example.org",
     "![alt words](img.png) docs [x][1]"),
    ("markdown", "[see it][ref]\n[ref]: https://example.org 'T'", "see it"),
    ("markdown", "[![the build](https://example.org/b.svg)](https://example.org/b) works", "the build works"),
    ("markdown", "`<code>` and <code>x</code> &lt;y&gt;", "<code> and x <y>"),
    ("markdown", "a ** b ** c and 2**3**4", "a ** b ** c and 2**3**4"),
    ("markdown", "[a](b) and evil[.](https://example.org)", "[a](b) and evil."),
    ("markdown", "[wiki](https://example.org/a_(b))", "wiki"),
    ("wiki", "'''Bold''' [[Page|link]] and [[Other]] {{cite|a={{b}}}} <ref name='x'>note</ref>", "Bold link and Other"),
    ("wiki", "[https://example.org site] and [https://example.org/bare]", "site and [https://example.org/bare]"),
    ("wiki", "== Title ==\ntext<!-- gone --> [[File:a.png|thumb]]", "Title\ntext"),
    ("wiki", "<ref name=a /> <ref>open", "<ref>open"),
    ("wiki", "a [[File:x.png|thumb|A [[Lock|lock]] b]] c [[de:Schloss]] [[:Category:Locks]] [[w:Lock|it]] __NOTOC__",
     "a c Category:Locks it"),
    ("wiki", "{{Infobox|cve={{CVE|2014-0160}}}}In {{nowrap|two words}} and {{lang|fr|mots}}: {{CVE|2014-0160}}{{{1|}}}",
     "In two words and mots: CVE-2014-0160"),
    ("wiki", "<nowiki>&lt;b&gt;</nowiki> <pre>a &amp;&amp; b</pre> <source lang=c>a &lt; b</source>",
     "<b> a && b a &lt; b"),
    ("wiki", "<syntaxhighlight lang='bash'>if [[ -f x ]]; then ''y''</syntaxhighlight> <nowiki>''a''</nowiki> <pre>x",
     "if [[ -f x ]]; then ''y'' ''a''\nx"),
    ("wiki", "{{code|lang=c|int x = 5;}}{{snd}}{{key press|Ctrl|C}}, {{lang-de|Wort}}<ref name='a/b'>c</ref> {{no|x}}",
     "int x = 5; \u2013 Ctrl+C, Wort"),
    ("wiki", "<gallery>\nFile:a.png|b\n</gallery>text<references />", "text"),
    ("auto", "XSS via a <script> or <img onerror=x> tag", "XSS via a <script> or <img onerror=x> tag"),
    ("auto", "<p>An <img src=x> in a page</p>", "An in a page"),
    ("auto", "## Impact\nIt leaks.\n### Fix\n# id\n##no", "Impact\nIt leaks.\nFix\n# id\n##no"),
    ("auto", "a <b>bold</b> &amp; claim", "a bold & claim"),
    ("auto", "<jats:title>Abstract</jats:title><jats:p>We <jats:italic>fuzz</jats:italic> A&amp;B, 1 &lt; 2</jats:p>",
     "Abstract\nWe fuzz A&B, 1 < 2"),
    ("auto", "AT&amp;T has &quot;no&quot; tags", 'AT&T has "no" tags'),
    ("auto", "write &amp; for & beside <x>", "write &amp; for & beside <x>"),
    ("auto", "<!-- please fill in -->\nIt breaks.\n<!-- two\nlines -->\nx <!-- y --> z", "It breaks.\nx <!-- y --> z"),
    ("markdown", "It <!-- breaks --> here, by <!--#exec cmd='x' -->", "It here, by <!--#exec cmd='x' -->"),
    ("auto", "see <https://example.org/x|the page> or <https://example.org/y>", "see the page or https://example.org/y"),
    ("markdown", "Set `<b onload=alert(1)>x</b>` &amp;:\n\n```html\n<b>go</b> **&lt;**\n```\n<b>Fine</b> `[x](#y)`\n",
     "Set <b onload=alert(1)>x</b> &:\n<b>go</b> **&lt;**\nFine [x](#y)"),
    ("markdown", "~~~~\n```\n<i>\n~~~\n~~~~~\nand\n```\n<i>**open**</i>", "```\n<i>\n~~~\nand\nopen"),
    ("auto", "# Steps\n```\n<script>x</script>\n```\n**bold**", "Steps\n<script>x</script>\nbold"),
    ("auto", "# Steps\n\n- one<br/>\n- `<p>` two\n\n**bold**", "Steps\n- one\n- <p> two\nbold"),
    ("auto", "Put `<b>` or <b>that</b> in, &amp; `id` \0 too", "Put `<b>` or that in, & `id` too"),
    ("auto", "<style>\n* { margin: 0 }\n</style>\n\n<p>A page</p><pre>\n# as root\n</pre>", "A page\n# as root"),
    ("auto", "Use `id` and <b>see</b> what `whoami` says", "Use `id` and see what `whoami` says"),
    ("auto", "findstr [/b] [/i] x; a[i] = b[i] [/i]", "findstr [/b] [/i] x; a[i] = b[i] [/i]"),
    ("auto", '[quote="ann"]Is it [b:3k]stored[/b:3k]?[/quote]\nSee [url=https://example.org/x?a=1]that[/url]',
     "Is it stored?\nSee that"),
    ("bbcode", "[list][*]one[*]a[i] of b[u][/list][code]x [*] <script>[/code][img]https://example.org/a.png[/img]",
     "one\na[i] of b[u]\nx\n<script>"),
    ("bbcode", "[list] a[i][*] b [/home/joe] [/nothing] [url]", "[list] a[i][*] b [/home/joe] [/nothing] [url]"),
    ("auto", "<xhtml:p>Many:</xhtml:p><xhtml:ul><xhtml:li>a < b</xhtml:li></xhtml:ul>", "Many:\na < b"),
    ("auto", "1 < 2 and a<b and c>d", "1 < 2 and a<b and c>d"),
    ("plain", "  a\t b \r\n\r\n  c\u00a0d\x00\x07 ", "a b\nc d"),
    ("auto", "XSS in <title>, a <form> without", "XSS in <title>, a <form> without"),
    ("auto", "<b>bold</b> <i>it</i> a<br>b", "bold it a\nb"),
    ("auto", "<b onclick=alert(1)>test</b> and <i>it</i>", "<b onclick=alert(1)>test</b> and it"),
    ("auto", 'Try <a href="javascript:x">y</a>', 'Try <a href="javascript:x">y</a>'),
    ("auto", '<a href="https://x.example/javascript">y</a>', "y"),
    ("auto", 'a<a name="top"> <a href="javascript:void(0)">b</a> <em>cut off', "a b cut off"),
    ("auto", "<b>x</b> <b onclick=a()>y <b>z</b></b>", "x <b onclick=a()>y z</b>"),
    ("html", "when:<xhtml:li>it</xhtml:li><xhtml:li>x</xhtml:li>", "when:\nit\nx"),
    ("bbcode", "[php]echo 1;[/php]", "echo 1;"),
    ("plain", "<b>stays</b> &amp; [x](y)", "<b>stays</b> &amp; [x](y)"),
    ("plain", "cafe\u0301", "caf\u00e9"),
    ("plain", "", ""),
])
def test_markup(format, markup, expected):
    assert text.plain(markup, format) == expected


@pytest.mark.parametrize("format", ["auto", "markdown", "bbcode"])
@pytest.mark.parametrize("piece", ["~", "`", "`a<", "~~~\n", "````\n```\n", "<pre>\n\n- <p>", "[b]", "[/b]", "a[i][/i]",
                                   "[i]x[/i]"])
def test_marks_again_and_again_take_linear_time(format, piece):
    begin = time.process_time()
    for end in ("", "``x", "<p>\n\n# a"):
        text.plain(piece * (100_000 // len(piece)) + end, format)
    assert time.process_time() - begin < 2


@pytest.mark.parametrize("format", text.FORMATS)
@given(words=st.text(max_size=200))
def test_result_is_folded_nfc_without_controls_and_stable(format, words):
    result = text.plain(words, format)
    assert result == result.strip()
    assert "  " not in result and "\n\n" not in result and "\t" not in result and "\0" not in result
    assert unicodedata.is_normalized("NFC", result)
    result.encode()  # no lone surrogate
    assert folding.fold(result) == result


@pytest.mark.parametrize("format", text.FORMATS)
@given(words=st.lists(st.text(string.ascii_letters + string.digits + " .,-/", max_size=30), max_size=5))
def test_plain_words_are_only_folded(format, words):
    line = "".join(words)
    assert text.plain(line, format) == " ".join(line.split())


@pytest.mark.parametrize(("marked", "plain"), [
    ("The **root user** has no keys. **Note:** rotate (**now**)!", "The root user has no keys. Note: rotate (now)!"),
    ("**S3 buckets** are **`open`**, **[so](https://example.org)** it is", "S3 buckets are `open`, so it is"),
    *((kept, kept) for kept in (
        "** REJECT ** Not used. ** DISPUTED **", "Run `grep **x** a` in src/**/a/** and **/b/** or **.js",
        "2**8, a ** b ** c",
        "call f(**kwargs), g(**more) or h(a, **b, **c)", "{**a, **b}", "password: **** or ab**cd**ef, **** in ****",
        "| **a** | b |", "/** A comment **/", "print('**x**')", "char **argv, **envp", "x=**a**")),
])
def test_bold_words_where_nothing_else_tells_of_markdown(marked, plain):
    assert text.plain(marked) == plain


HOSTILE = ["<a ", "<ref>", "[", "[[", "](", "[a](", "[a](x: ", "**", "`", "(Citation: ", "{{", "<!--", "&", "&#", "<",
           "# # # ", "\n ", " " * 20, "[a]: ", "((", '<b x="', "''", "==a", "=", "<div>", "</p>", "<p><table>", "[a][",
           "<https:", "{|", "<script>", "</script>", "<![CDATA[", "<a b='", "<b x=1 ", "<x y",
            "<pre>", "{{a|", "[[File:", "<nowiki>x</nowiki>", "a", "<nowiki", "{{{", "<p a='\"", "<?xml "]


@pytest.mark.parametrize("format", text.FORMATS)
@pytest.mark.parametrize("before", ["", "<", "<p>x</p> <"])
@pytest.mark.parametrize("piece", HOSTILE)
def test_time_is_linear(format, before, piece):
    """Four times the text may take eight times as long (timers are coarse), or any time below half a second."""
    def seconds(size):
        hostile = before + piece * (size // len(piece))
        start = time.process_time()
        text.plain(hostile, format)
        return time.process_time() - start
    long = seconds(100_000)
    assert long < 0.5 or long < 8 * max(seconds(25_000), 0.05)


def test_marks_on_one_letter_take_linear_time():
    """Unicode sorts the marks on a letter: 80,000 of them took ten seconds."""
    start = time.process_time()
    assert len(text.plain("a" + "\u0301\u0316" * 50_000, "plain")) > 99_000
    assert time.process_time() - start < 1
