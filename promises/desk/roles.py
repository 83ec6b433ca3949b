"""Who may do what at the desk."""

RESEARCHER, EDITOR, ADMINISTRATOR = "Researcher", "Editor", "Administrator"
ROLES = (RESEARCHER, EDITOR, ADMINISTRATOR)

WORKING_COPIES = (
    "promise",
    "promiseplace",
    "promisesource",
    "relatedpromise",
    "source",
    "evidence",
    "update",
    "citation",
    "measure",
    "wording",
    "reply",
)
DRAFTS = {f"{verb}_{model}" for model in WORKING_COPIES for verb in ("add", "change", "delete", "view")}
DRAFTS |= {"view_theme", "view_place", "view_submission", "view_comment", "add_comment", "submit_promise"}
DRAFTS |= {"view_suggestion", "change_suggestion", "view_linkcheck"}

PERMISSIONS = {
    RESEARCHER: DRAFTS,
    EDITOR: DRAFTS | {"publish_promise", "withdraw_promise", "decline_suggestion"},
    ADMINISTRATOR: DRAFTS
    | {"publish_promise", "withdraw_promise", "decline_suggestion", "seal_version"}
    | {"add_user", "change_user", "view_user", "view_group", "view_signin"},
}


def role_of(person):
    """The person's role as the record names it: the highest of theirs, in lower case; `no role` without one."""
    names = set(person.groups.values_list("name", flat=True))
    return next((role.lower() for role in reversed(ROLES) if role in names), "no role")


def give_permissions():
    """Give each role's group exactly the permissions of its role."""
    from django.contrib.auth.models import Group, Permission

    for role, codenames in PERMISSIONS.items():
        group, _ = Group.objects.get_or_create(name=role)
        group.permissions.set(Permission.objects.filter(codename__in=codenames))
