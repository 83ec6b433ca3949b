"""The guide is the file of the repository, shown safely."""

import pytest

from promises.desk.admin.guide import as_html


def test_what_the_file_says_is_shown():
    text = "# Title\n\nA *fine* **bold** `code` [place](/admin/).\n\n- one\n- two\n  more\n\n1. first\n\n| a | b |\n| --- | --- |\n| c | d |"
    html = as_html(text)
    assert "<h2>Title</h2>" in html
    assert '<p>A <em>fine</em> <strong>bold</strong> <code>code</code> <a href="/admin/">place</a>.</p>' in html
    assert html.count("<li>") == 3
    assert "<td>c</td><td>d</td>" in html


def test_nothing_in_it_becomes_markup():
    html = as_html("A <script>x</script> and [here](javascript:x) **<b>**\n\n![picture](a.png)")
    assert "<script>" not in html
    assert "href" not in html
    assert "<b>" not in html
    assert "<img" not in html


def test_its_pictures_are_our_own_files():
    html = as_html("![The front page](../static/guide/front.png)")
    assert html == '<p><img src="/static/guide/front.png" alt="The front page"></p>'


@pytest.mark.django_db
def test_the_guide_opens_from_the_desk(rita):
    assert b"/admin/guide/" in rita.get("/admin/").content
    page = rita.get("/admin/guide/").content.decode()
    assert "Record a change" in page
    assert "|" not in page.split('class="guide"')[1].split("</div>")[0]
