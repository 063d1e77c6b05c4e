// What a program does with the client that openapi-ts writes from the description.
import { client } from "./generated/client.gen";
import { formDataBodySerializer } from "./generated/client";
import {
  ticketsCreate, ticketsDestroy, ticketsList, ticketsUpdate, userProfileRetrieve,
} from "./generated";
import type {
  Problem, ProfileFormUpdate, Ticket, UserProfileUpdateErrors, UserProfileUpdateResponses,
} from "./generated";

declare const process: { env: Record<string, string> };

client.setConfig({ baseUrl: process.env.WEIYU_URL, auth: process.env.WEIYU_TOKEN });

async function main(): Promise<void> {
  const created = await ticketsCreate({
    body: { title: "Typed", content: "By a program.", priority: "high" },
    headers: { "Idempotency-Key": "typed-client" },
    throwOnError: true,
  });
  const ticket: Ticket = created.data;
  const listed = await ticketsList({
    query: { status: ["new", "pending"], limit: 200, with_count: true },
    throwOnError: true,
  });
  const tickets: Array<Ticket> = listed.data;

  const changed = await ticketsUpdate({
    path: { id: ticket.id },
    headers: { "If-Match": `"${ticket.version}"` },
    body: { title: "Typed and changed", tags: ["typed"] },
    throwOnError: true,
  });
  const late = await ticketsUpdate({
    path: { id: ticket.id },
    headers: { "If-Match": `"${ticket.version}"` },
    body: { title: "Too late" },
  });
  const problem: Problem | undefined = late.error;

  // Of two kinds of body the generator types the call for the first; the form has its own type.
  const form: ProfileFormUpdate = {
    avatar: new File([Uint8Array.from(atob(process.env.WEIYU_PICTURE), (c) => c.charCodeAt(0))], "me.png"),
  };
  const shown = await client.put<UserProfileUpdateResponses, UserProfileUpdateErrors, true>({
    ...formDataBodySerializer,
    url: "/api/user/profile",
    security: [{ scheme: "bearer", type: "http" }],
    headers: { "Content-Type": null },
    body: form,
    throwOnError: true,
  });
  const profile = await userProfileRetrieve({ throwOnError: true });
  const deleted = await ticketsDestroy({ path: { id: ticket.id }, throwOnError: true });

  console.log(
    JSON.stringify({
      created: [ticket.status, ticket.priority, ticket.follow_up_of],
      listed: [...new Set(tickets.map((each) => each.status))].sort(),
      count: Number(listed.response.headers.get("X-Total-Count")) === tickets.length,
      changed: [changed.data.title, changed.data.tags, changed.data.version > ticket.version],
      late: [late.response.status, problem?.code, problem?.current?.title],
      picture: shown.data.avatar !== null && shown.data.avatar === profile.data.avatar,
      deleted: deleted.data.id === ticket.id,
    }),
  );
}

void main();
