"""Drop uploads over the roster size limit before they are stored or parsed (R8)."""

from django.core.files.uploadhandler import FileUploadHandler, SkipFile
from django.http import HttpRequest

from subscriptions.policy.roster_import import MAX_BYTES


class SizeLimitUploadHandler(FileUploadHandler):
    """An upload handler that drops files that are too large; must be first in FILE_UPLOAD_HANDLERS.

    The rest of the upload is still received, because if an upload is cut off, browsers show their
    own error instead of our response.
    """

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        """Pass data on, unless the file is too large."""
        if start + len(raw_data) > MAX_BYTES and self.request is not None:
            self.request.META[_TOO_LARGE] = True
            raise SkipFile
        return raw_data

    def file_complete(self, file_size: int) -> None:
        """Return None, so that the next handler stores the file."""


def was_too_large(request: HttpRequest) -> bool:
    """Whether a file in this request was dropped because of its size."""
    return bool(request.META.get(_TOO_LARGE))


_TOO_LARGE = "subscriptions.upload_too_large"
