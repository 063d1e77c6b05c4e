"""Print a stock simplejwt token for the person with this id."""

from __future__ import annotations

import sys

import django

django.setup()

from rest_framework_simplejwt.tokens import AccessToken  # noqa: E402

from accounts.models import User  # noqa: E402

print(AccessToken.for_user(User.objects.get(pk=sys.argv[1])))
