"""Signing in to the desk, as people do it."""


def test_a_stranger_is_sent_to_the_sign_in_page(page, assert_accessible):
    page.goto("/admin/")
    assert "/accounts/login/" in page.url
    assert_accessible(page)


def test_a_researcher_signs_in_and_sees_the_desk(page, django_user_model):
    django_user_model.objects.create_user("ada", password="a long enough word", is_staff=True)
    page.goto("/admin/")
    page.get_by_label("Username").fill("ada")
    page.get_by_label("Password").fill("a long enough word")
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/admin/")
    assert page.get_by_role("button", name="Log out").is_visible()
