"""Where the workstation is."""

from __future__ import annotations

from django.urls import path, register_converter
from django.urls.converters import IntConverter

from workstation.pages import availability, login, new_ticket, ticket, ticket_list


class IdConverter(IntConverter):
    """A number no larger than ids are: it would be an error of the database, not a 404."""

    regex = "[0-9]{1,18}"


register_converter(IdConverter, "id")

app_name = "workstation"

urlpatterns = [
    path("", ticket_list.tickets, name="home"),
    path("login", login.SignIn.as_view(), name="login"),
    path("logout", login.sign_out, name="logout"),
    path("signed-out", login.signed_out, name="signed_out"),
    path("availability", availability.availability, name="availability"),
    path("customers", new_ticket.customers, name="customers"),
    path("tickets", ticket_list.tickets, name="tickets"),
    path("tickets/new", new_ticket.new_ticket, name="new_ticket"),
    path("tickets/rows", ticket_list.more_rows, name="more_rows"),
    path("tickets/<id:ticket_id>", ticket.ticket, name="ticket"),
    path("tickets/<id:ticket_id>/row", ticket_list.row, name="row"),
    path("tickets/<id:ticket_id>/read", ticket.read, name="read"),
    path("tickets/<id:ticket_id>/reply", ticket.reply, name="reply"),
    path("tickets/<id:ticket_id>/claim", ticket.claim, name="claim"),
    path("tickets/<id:ticket_id>/status", ticket.status, name="status"),
    path("tickets/<id:ticket_id>/priority", ticket.priority, name="priority"),
    path("tickets/<id:ticket_id>/assignee", ticket.assignee, name="assignee"),
    path("tickets/<id:ticket_id>/workgroup", ticket.workgroup, name="workgroup"),
    path("tickets/<id:ticket_id>/tags", ticket.tags, name="tags"),
]
