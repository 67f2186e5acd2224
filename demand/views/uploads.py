"""Files in parts, for the upload page's script. POST begins or finds one, HEAD and GET say where it ends, PUT appends, DELETE gives up.

Every answer is JSON: {"id", "offset", "complete"}, or {"refusal"} with the sentence to show. Large files thus survive a cut
connection; without the script the page's form sends them as one body (demand.uploads).
"""

from django.contrib import messages
from django.http import JsonResponse
from django.http.request import UnreadablePostError
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_POST

from demand.access import access_loading, access_upload
from demand.actions import uploads
from demand.actions.extracts import Refused
from demand.limits import upload_limits
from demand.models import Upload
from demand.uploads import KINDS

UNCLEAR = "The browser’s request was not understood. Reload the page and choose the file again."


@require_POST
def begin(request):
    access_loading(request.user)
    kind, name, whole_numbers = request.POST.get("kind"), request.POST.get("name", ""), []
    for field in ("size", "modified"):
        text = request.POST.get(field, "")
        if text.isascii() and text.isdigit() and len(text) < 18:
            whole_numbers.append(int(text))
    if kind not in KINDS or len(whole_numbers) != 2:
        return _refused(UNCLEAR, 400)
    try:
        upload = uploads.begin(request.user, kind, name, *whole_numbers)
    except Refused as refusal:
        return _refused(str(refusal), 413)
    return _state(upload, 201)


@require_http_methods(["GET", "HEAD", "PUT", "DELETE"])
def part(request, pk):
    access_loading(request.user)
    upload = access_upload(request.user, pk)
    if request.method == "DELETE":
        uploads.give_up(upload.pk)
        return JsonResponse({})
    if request.method == "PUT":
        return _append(request, upload)
    answer = _state(upload)
    if request.method == "HEAD":
        answer.content = b""  # its headers say it; gunicorn complains of a body
    return answer


def _append(request, upload: Upload):
    offset, length = request.headers.get("Upload-Offset", ""), request.headers.get("Content-Length") or "0"
    if not (offset.isascii() and offset.isdigit() and len(offset) < 18 and length.isdigit()):
        return _refused(UNCLEAR, 400)
    most = upload_limits().chunk_bytes
    if int(length) > most:
        return _refused(f"A part may have at most {most:,} bytes and this one has {int(length):,}. Reload the page.", 413)
    try:
        body = request.read(int(length))
    except UnreadablePostError:
        body = b""
    if len(body) != int(length):
        return _refused("The connection broke.", 400)
    try:
        return _state(uploads.append(upload.pk, int(offset), body))
    except uploads.WrongOffset as elsewhere:
        return JsonResponse({"id": str(upload.pk), "offset": elsewhere.received, "complete": False}, status=409)
    except Refused as refusal:
        return _refused(str(refusal), 413)


def _state(upload: Upload, status: int = 200) -> JsonResponse:
    complete = upload.status == Upload.Status.COMPLETE
    headers = {"Upload-Offset": str(upload.received_bytes), "Upload-Length": str(upload.size_bytes), "Cache-Control": "no-store"}
    return JsonResponse(
        {"id": str(upload.pk), "offset": upload.received_bytes, "complete": complete}, status=status, headers=headers
    )


def _refused(sentence: str, status: int) -> JsonResponse:
    return JsonResponse({"refusal": sentence}, status=status)


@require_POST
def discard(request, pk):
    """The page's own button, for people without the script too."""
    access_loading(request.user)
    uploads.give_up(access_upload(request.user, pk).pk)
    messages.success(request, "The file was discarded; nothing of it is kept.")
    return redirect("demand:upload")
