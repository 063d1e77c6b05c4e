"""What `startproject` and the first page of the DRF, simplejwt and sesame manuals give."""

from __future__ import annotations

import os
from datetime import timedelta

from weiyu_site import settings as ours

SECRET_KEY = ours.SECRET_KEY
TOKEN_KEYS = ours.TOKEN_KEYS
ALLOWED_HOSTS = ours.ALLOWED_HOSTS
DATABASES = ours.DATABASES
DEFAULT_AUTO_FIELD = ours.DEFAULT_AUTO_FIELD
AUTH_USER_MODEL = ours.AUTH_USER_MODEL
USE_TZ = True
ROOT_URLCONF = "benchmarks.plain.urls"
# Where the answers of Weiyu are kept that the bare views repeat byte by byte.
ANSWERS = os.environ["BENCHMARK_ANSWERS"]

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "rest_framework",
    "tickets",
    "tokens",
    "accounts",
    "configuration",
    "benchmarks.plain",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "rest_framework_simplejwt.authentication.JWTAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_PAGINATION_CLASS": "rest_framework.pagination.PageNumberPagination",
    "PAGE_SIZE": 50,
}
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "sesame.backends.ModelBackend",
]
LOGIN_REDIRECT_URL = "/agent/"
SIMPLE_JWT = {"ACCESS_TOKEN_LIFETIME": timedelta(days=1)}
LOGGING = {"version": 1, "root": {"level": "WARNING"}}
