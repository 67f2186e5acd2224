"""Answers to signed-in people are for them alone: no cache on the way or on the machine keeps one. Answers to HEAD have no body."""


def private_pages(get_response):
    def middleware(request):
        response = get_response(request)
        if request.user.is_authenticated and "Cache-Control" not in response:
            response["Cache-Control"] = "private, no-store"
        return response

    return middleware


def head_without_body(get_response):
    """Neither Django nor the servers drop it, and on a connection that is kept the next answer would begin with it."""

    def middleware(request):
        response = get_response(request)
        if request.method == "HEAD":
            if response.streaming:
                response.close()
                response.streaming_content = ()
            else:
                response["Content-Length"] = str(len(response.content))
                response.content = b""
        return response

    return middleware
