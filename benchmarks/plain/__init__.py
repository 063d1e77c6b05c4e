"""The rivals: a project as `startproject` makes it, over the same tables."""
