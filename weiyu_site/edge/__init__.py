"""What stands before Django: it judges each request before a thread, a log or a view sees it.

`examination.examine` judges. `application.EdgeApplication` applies what it says to an ASGI scope,
`middleware.EdgeMiddleware` to the environ of plain WSGI and of Django's test client. Both hand on
`weiyu.access_tokens` and `weiyu.request_id`.
"""
