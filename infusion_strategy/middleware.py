"""Answers to signed-in people are for them alone: no cache on the way or on the machine keeps one."""


def private_pages(get_response):
    def middleware(request):
        response = get_response(request)
        if request.user.is_authenticated and "Cache-Control" not in response:
            response["Cache-Control"] = "private, no-store"
        return response

    return middleware
