"""What stands before Django: it judges each request before a thread, a log or a view sees it.

`application.Front` is the ASGI side, `middleware.FrontMiddleware` the same for plain WSGI and
Django's test client. Both hand on `weiyu.access_tokens` and `weiyu.request_id`.
"""
