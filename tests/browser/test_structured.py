"""Data in a page is no script: the policy lets it stand."""

from tests.factories import a_published_promise, broken, made


def test_structured_data_breaks_no_rule_of_the_policy(page):
    a_published_promise(made(), broken(), slug="railway")
    for path in ("/", "/promises/railway/", "/promises/railway/updates/2/", "/themes/transport/", "/data/"):
        page.goto(path)  # any complaint of the browser fails the test
        assert page.locator('script[type="application/ld+json"]').count() == 1
