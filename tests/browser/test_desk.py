"""The researchers' working day, in a real browser."""

import pytest
from django.conf import settings
from django.test import Client

from promises.desk import workflow
from promises.desk.models import Submission, Update
from tests.desk.test_workflow import NOW, a_draft, by
from tests.factories import a_person, a_promise, a_published_promise, broken, made, under_way


@pytest.fixture
def desk_of(new_page, live_server):
    """A function that opens the desk of a person in a browser of their own."""

    def open_desk(person, path="/admin/", **options):
        page = new_page(**options)
        client = Client()
        client.force_login(person)
        value = client.cookies[settings.SESSION_COOKIE_NAME].value
        page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": value, "url": live_server.url}])
        page.goto(path)
        return page

    return open_desk


def record(page):
    """Fill in “Record a change” as a researcher does."""
    page.get_by_label("Broken: dropped").check()
    page.get_by_label("Dropped", exact=True).check()
    page.get_by_label("Day:").fill("2024-10-30")
    page.get_by_label("Headline:").fill("Line dropped in the budget")
    page.get_by_label("Explanation:").fill("The Treasury took the money back.")
    new = page.get_by_role("group", name="A source that is not here yet")
    new.get_by_label("Address:").fill("https://example.org/budget")
    new.get_by_label("Title:").fill("Budget 2024")
    new.get_by_label("Publisher:").fill("HM Treasury")
    new.get_by_label("Kind:").select_option("official")
    new.get_by_label("Locator:").fill("page 12")
    new.get_by_label("Quoted passage:").fill("The line will not be built.")
    new.get_by_text("Archived copy, carrier").click()
    new.get_by_label("Archived copy:").fill("https://example.org/archived/budget")


def test_a_working_day_of_three_people(desk_of, new_page, assert_accessible):
    promise = a_published_promise(title="Reopen the line")
    administrator = desk_of(a_person("ann", role="Administrator"), "/admin/auth/user/add/")
    assert_accessible(administrator)
    administrator.get_by_label("Username:").fill("rita")
    administrator.get_by_label("Researcher: drafts").check()
    administrator.get_by_role("button", name="Save", exact=True).click()
    assert_accessible(administrator)
    link = administrator.locator("code.invitation").inner_text()

    researcher = new_page()
    researcher.goto(link)
    for field in researcher.locator("input[type=password]").all():
        field.fill("a long enough word")
    researcher.get_by_role("button", name="Change Password").click()
    researcher.wait_for_url("**/password/reset/key/done/")
    researcher.goto("/admin/")
    researcher.get_by_label("Username").fill("rita")
    researcher.get_by_label("Password").fill("a long enough word")
    researcher.get_by_role("button", name="Sign in").click()
    researcher.wait_for_url("**/admin/")
    researcher.get_by_label("Record a change: find the promise").fill("reopen")
    researcher.keyboard.press("Enter")
    researcher.get_by_role("link", name="Record a change").click()
    record(researcher)
    with researcher.expect_popup() as popup:
        researcher.get_by_role("button", name="Preview the public page").click()
    assert popup.value.get_by_role("heading", name="Reopen the line").is_visible()
    assert popup.value.get_by_text("Line dropped in the budget").first.is_visible()
    popup.value.close()
    researcher.get_by_role("button", name="Submit for review").click()
    researcher.get_by_text("The new update is submitted").wait_for()

    editor = desk_of(a_person("edwin", role="Editor"))
    editor.get_by_role("link", name="Reopen the line").click()
    assert editor.get_by_text("The line will not be built.").first.is_visible()
    assert_accessible(editor)
    editor.get_by_label("Comment:").fill("Which page?")
    editor.get_by_role("button", name="Send back").click()

    researcher.goto("/admin/")
    researcher.locator(".pile-sent-back").get_by_role("link", name="Reopen the line").click()
    assert researcher.get_by_text("Which page?").is_visible()
    researcher.get_by_role("link", name="The working copy").click()
    researcher.get_by_role("link", name="Line dropped in the budget").click()
    researcher.get_by_label("Locator:").nth(1).fill("page 13")
    researcher.get_by_role("button", name="Submit for review").click()

    editor.reload()
    editor.get_by_role("button", name="Publish now").click()
    editor.get_by_text("Published in edition 2.", exact=True).wait_for()

    reader = new_page()
    reader.goto(f"/promises/{promise.slug}/")
    assert reader.get_by_text("Line dropped in the budget").first.is_visible()
    assert reader.get_by_text("page 13").first.is_visible()


def test_every_screen_of_ours_is_accessible(desk_of, assert_accessible):
    administrator, researcher = a_person("ann", role="Administrator"), a_person("rita")
    promise = a_published_promise(made(), under_way(), broken(), places=("darlington",))
    draft = by(administrator, a_promise(title="A draft"))
    submission = workflow.submit(a_draft(researcher), by=researcher, at=NOW)
    workflow.say(submission, by=researcher, at=NOW, text="Look at the summary.")
    page, in_the_dark = desk_of(administrator), desk_of(administrator, color_scheme="dark")
    for path in [
        "",
        "guide/",
        f"people/{researcher.pk}/did/",
        "promises/promise/",
        "promises/promise/add/",
        f"promises/promise/{promise.pk}/change/",
        f"promises/promise/{submission.promise_id}/history/",
        f"promises/promise/{promise.pk}/change-of-status/",
        f"promises/promise/{promise.pk}/change-of-status/{promise.updates.last().pk}/",
        f"promises/promise/{draft.pk}/submit/",
        f"promises/promise/{promise.pk}/withdraw/",
        "promises/source/",
        "promises/source/add/",
        f"promises/source/{promise.promise_sources.get().source_id}/change/",
        f"promises/promisesource/{promise.promise_sources.get().pk}/change/",
        "promises/submission/",
        f"promises/submission/{submission.pk}/change/",
        "auth/user/",
        f"auth/user/{researcher.pk}/change/",
    ]:
        page.goto(f"/admin/{path}")
        assert_accessible(page)
    for path in [
        f"promises/promise/{promise.pk}/change/",
        f"promises/promise/{promise.pk}/change-of-status/",
        f"promises/submission/{submission.pk}/change/",
    ]:
        in_the_dark.goto(f"/admin/{path}")
        assert_accessible(in_the_dark)


def test_a_change_is_recorded_without_a_script(desk_of, assert_accessible):
    promise = a_published_promise()
    path = f"/admin/promises/promise/{promise.pk}/change-of-status/"
    page = desk_of(a_person("rita"), path, java_script_enabled=False)
    page.get_by_label("Headline:").fill("x")
    page.get_by_role("button", name="Submit for review").click()
    assert page.get_by_text("Nothing is saved yet").is_visible()
    assert page.get_by_label("Headline:").input_value() == "x"
    record(page)
    page.get_by_role("button", name="Submit for review").click()
    assert Submission.objects.get().note == "Line dropped in the budget"


def test_a_change_is_recorded_by_keyboard_alone(desk_of):
    promise = a_published_promise()
    page = desk_of(a_person("rita"), f"/admin/promises/promise/{promise.pk}/change-of-status/")
    page.get_by_label("Kept: the success test").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    assert page.get_by_label("Smaller", exact=True).is_checked()
    for _ in range(13):
        page.keyboard.press("Tab")
    page.keyboard.type("2024-10")
    page.keyboard.press("Tab")
    page.keyboard.type("Cut in half")
    page.keyboard.press("Enter")
    page.get_by_text("Nothing is saved yet").wait_for()
    page.get_by_label("Explanation:").focus()
    page.keyboard.type("Half of it is gone.")
    page.get_by_label("Headline:").focus()
    page.keyboard.press("Enter")
    page.get_by_text("Saved as a draft").wait_for()
    update = Update.objects.get(number=None)
    assert (update.status, update.reason, update.date) == ("broken", ["smaller"], "2024-10")


def test_two_browsers_at_one_update_lose_nothing(desk_of, assert_accessible):
    promise = a_published_promise()
    update = promise.updates.create(**broken())
    path = f"/admin/promises/promise/{promise.pk}/change-of-status/{update.pk}/"
    hers, his = desk_of(a_person("rita"), path), desk_of(a_person("edwin", role="Editor"), path)
    his.get_by_label("Explanation:").fill("His explanation.")
    his.get_by_role("button", name="Save draft").last.click()
    his.get_by_text("Saved as a draft").wait_for()
    hers.get_by_label("Headline:").fill("Her headline")
    hers.get_by_role("button", name="Save draft").last.click()
    hers.get_by_role("heading", name="Changed meanwhile by edwin").wait_for()
    assert_accessible(hers)
    hers.get_by_role("button", name="Save draft").last.click()
    hers.get_by_text("Saved as a draft").wait_for()
    update.refresh_from_db()
    assert (update.headline, update.explanation) == ("Her headline", "His explanation.")
