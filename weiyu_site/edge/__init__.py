"""What stands before Django: it judges each request before a thread, a log or a view sees it.

`application.EdgeApplication` is the ASGI side, `middleware.EdgeMiddleware` the same for plain
WSGI and Django's test client. Both hand on `weiyu.access_tokens` and `weiyu.request_id`.
"""
