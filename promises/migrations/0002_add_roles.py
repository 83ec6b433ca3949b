from django.db import migrations

ROLES = ("Researcher", "Editor", "Administrator")


def add_roles(apps, schema_editor):
    group = apps.get_model("auth", "Group")
    for role in ROLES:
        group.objects.get_or_create(name=role)


class Migration(migrations.Migration):
    """The three roles as groups; what each may do is set after every migration (promises/apps.py)."""

    dependencies = [
        ("promises", "0001_begin"),
        ("auth", "0012_alter_user_first_name_max_length"),
    ]

    operations = [migrations.RunPython(add_roles, migrations.RunPython.noop)]
