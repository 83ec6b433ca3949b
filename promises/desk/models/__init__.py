"""The desk: working copies, and what researchers do with them. Nothing here is public."""

from promises.desk.models.link_check import LinkCheck
from promises.desk.models.measure import Measure
from promises.desk.models.place import Place
from promises.desk.models.promise import Promise, PromisePlace, RelatedPromise
from promises.desk.models.reply import Reply
from promises.desk.models.sign_in import SignIn
from promises.desk.models.source import Evidence, PromiseSource, Source
from promises.desk.models.submission import Comment, Submission
from promises.desk.models.suggestion import Suggestion
from promises.desk.models.theme import Theme
from promises.desk.models.update import Citation, Update
from promises.desk.models.wording import Wording

__all__ = [
    "Citation",
    "Comment",
    "Evidence",
    "LinkCheck",
    "Measure",
    "Place",
    "Promise",
    "PromisePlace",
    "PromiseSource",
    "RelatedPromise",
    "Reply",
    "SignIn",
    "Source",
    "Submission",
    "Suggestion",
    "Theme",
    "Update",
    "Wording",
]
