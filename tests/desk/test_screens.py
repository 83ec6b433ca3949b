"""Every screen of the desk opens, on real shapes of data."""

import pytest

from promises.desk import workflow
from tests.desk.test_workflow import NOW, a_draft
from tests.factories import a_promise, a_published_promise, broken, made, under_way

pytestmark = pytest.mark.django_db


def test_every_screen_opens(at_desk):
    admin = at_desk("Administrator")
    promise = a_published_promise(made(), under_way(), broken(), places=("darlington",))
    draft = a_promise()
    submission = workflow.submit(a_draft(admin.person), by=admin.person, at=NOW)
    update = promise.updates.last()
    tie = promise.promise_sources.get()
    for path in [
        "",
        "guide/",
        f"people/{admin.person.pk}/did/",
        "promises/promise/",
        "promises/promise/?q=railway&status=broken&stage=draft&check=due",
        "promises/promise/add/",
        f"promises/promise/{promise.pk}/change/",
        f"promises/promise/{draft.pk}/change/",
        f"promises/promise/{promise.pk}/history/",
        f"promises/promise/{promise.pk}/history/?format=csv",
        f"promises/promise/{promise.pk}/preview/",
        f"promises/promise/{promise.pk}/submit/",
        f"promises/promise/{draft.pk}/submit/",
        f"promises/promise/{draft.pk}/delete/",
        f"promises/promise/{promise.pk}/withdraw/",
        f"promises/promise/{promise.pk}/change-of-status/",
        f"promises/promise/{promise.pk}/change-of-status/{update.pk}/",
        "promises/update/",
        f"promises/update/{draft.updates.get().pk}/delete/",
        "promises/source/?q=statement",
        "autocomplete/?app_label=promises&model_name=promisesource&field_name=source&term=statement",
        "autocomplete/?app_label=promises&model_name=relatedpromise&field_name=related&term=railway",
        "promises/source/add/",
        f"promises/source/{tie.source_id}/change/",
        f"promises/source/{tie.source_id}/history/",
        f"promises/promisesource/{tie.pk}/change/",
        "promises/submission/",
        f"promises/submission/{submission.pk}/change/",
        "promises/theme/",
        "promises/theme/transport/change/",
        "promises/place/",
        "promises/place/darlington/change/",
        "auth/user/",
        "auth/user/add/",
        f"auth/user/{admin.person.pk}/change/",
    ]:
        response = admin.get(f"/admin/{path}")
        assert response.status_code == 200, path
        assert b"style=" not in response.content, path
        assert b"<script>" not in response.content, path


def test_a_question_with_a_character_that_no_text_has_is_refused(at_desk):
    researcher = at_desk()
    for query in ("kind__exact=%00", "q=a%00b"):
        assert researcher.get(f"/admin/promises/source/?{query}").status_code == 400
