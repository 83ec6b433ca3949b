import django.db.models.deletion
import simple_history.models
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """What readers send us, and what becomes of it."""

    dependencies = [
        ("promises", "0003_let_the_desk_comment"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="HistoricalSuggestion",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name="ID")),
                ("reference", models.CharField(db_index=True, editable=False, max_length=8)),
                (
                    "what",
                    models.CharField(
                        choices=[
                            ("promise", "A promise that is missing"),
                            ("source", "A source"),
                            ("correction", "A correction"),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "about",
                    models.CharField(blank=True, help_text="Which promise, in the sender's words.", max_length=300),
                ),
                ("text", models.TextField()),
                ("address", models.CharField(blank=True, max_length=1000)),
                ("received_at", models.DateTimeField()),
                (
                    "stage",
                    models.CharField(
                        choices=[
                            ("received", "Received"),
                            ("looked_at", "Being looked at"),
                            ("taken", "Taken up"),
                            ("declined", "Not taken up"),
                        ],
                        default="received",
                        max_length=20,
                    ),
                ),
                ("handled_at", models.DateTimeField(blank=True, null=True)),
                (
                    "reason",
                    models.TextField(
                        blank=True,
                        help_text="Private: the sender sees only that it is done.",
                        max_length=1000,
                        verbose_name="not taken up because",
                    ),
                ),
                ("history_id", models.AutoField(primary_key=True, serialize=False)),
                ("history_date", models.DateTimeField(db_index=True)),
                ("history_change_reason", models.CharField(max_length=100, null=True)),
                (
                    "history_type",
                    models.CharField(choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")], max_length=1),
                ),
                (
                    "handled_by",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "history_user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "promise",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        help_text="The promise it is about, or the draft made from it.",
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="promises.promise",
                    ),
                ),
            ],
            options={
                "verbose_name": "historical suggestion",
                "verbose_name_plural": "historical suggestions",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="Suggestion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reference", models.CharField(editable=False, max_length=8, unique=True)),
                (
                    "token",
                    models.CharField(
                        editable=False,
                        help_text="Of the form it came by: one form, one suggestion.",
                        max_length=32,
                        unique=True,
                    ),
                ),
                (
                    "what",
                    models.CharField(
                        choices=[
                            ("promise", "A promise that is missing"),
                            ("source", "A source"),
                            ("correction", "A correction"),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "about",
                    models.CharField(blank=True, help_text="Which promise, in the sender's words.", max_length=300),
                ),
                ("text", models.TextField()),
                ("address", models.CharField(blank=True, max_length=1000)),
                (
                    "contact",
                    models.CharField(
                        blank=True, help_text="Private. Taken away 90 days after it is done.", max_length=200
                    ),
                ),
                ("received_at", models.DateTimeField()),
                (
                    "stage",
                    models.CharField(
                        choices=[
                            ("received", "Received"),
                            ("looked_at", "Being looked at"),
                            ("taken", "Taken up"),
                            ("declined", "Not taken up"),
                        ],
                        default="received",
                        max_length=20,
                    ),
                ),
                ("handled_at", models.DateTimeField(blank=True, null=True)),
                (
                    "reason",
                    models.TextField(
                        blank=True,
                        help_text="Private: the sender sees only that it is done.",
                        max_length=1000,
                        verbose_name="not taken up because",
                    ),
                ),
                (
                    "handled_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="suggestions",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "promise",
                    models.ForeignKey(
                        blank=True,
                        help_text="The promise it is about, or the draft made from it.",
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="suggestions",
                        to="promises.promise",
                    ),
                ),
            ],
            options={
                "ordering": ["-received_at", "-pk"],
                "permissions": [("decline_suggestion", "Can decline a suggestion, and see how to reach its sender")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("what__in", ["promise", "source", "correction"])),
                        name="suggestion_what_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("stage__in", ["received", "looked_at", "taken", "declined"])),
                        name="suggestion_stage_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("stage", "declined"), _negated=True),
                            models.Q(("reason", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="suggestion_declined_has_reason",
                        violation_error_message="Say why it is not taken up.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("stage", "received"),
                            models.Q(("handled_at__isnull", False), ("handled_by__isnull", False)),
                            _connector="OR",
                        ),
                        name="suggestion_handled_has_person_and_time",
                    ),
                ],
            },
        ),
    ]
