"""No upload is larger than a roster may be: what is too large is neither kept nor read (R8)."""

from django.core.files.uploadhandler import FileUploadHandler, SkipFile
from django.http import HttpRequest

from subscriptions.policy.roster_import import MOST_BYTES


class SmallFilesOnly(FileUploadHandler):
    """The first of FILE_UPLOAD_HANDLERS: stops a file that is too large while it comes in.

    The rest of it is read past rather than refused, because a browser whose upload is cut off shows
    an error of its own instead of our answer.
    """

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        """Hand on what came in, unless it is too much by now."""
        if start + len(raw_data) > MOST_BYTES and self.request is not None:
            self.request.META[_TOO_LARGE] = True
            raise SkipFile
        return raw_data

    def file_complete(self, file_size: int) -> None:
        """The next handler keeps the file."""


def was_too_large(request: HttpRequest) -> bool:
    """Whether a file of this request was left out for its size."""
    return bool(request.META.get(_TOO_LARGE))


_TOO_LARGE = "subscriptions.upload_too_large"
