// Calls a few endpoints as pages do, with the content type on GET too, and reports what it got.
const seen = {};
for (const endpoint of ["tickets/list", "user/profile"]) {
  const response = await fetch(`${process.env.WEIYU_URL}/api/${endpoint}`, {
    method: "GET",
    headers: {
      Authorization: `Bearer ${process.env.WEIYU_TOKEN}`,
      "Content-Type": "application/json",
    },
  });
  const body = await response.json();
  seen[endpoint] = { status: response.status, code: body.code, isArray: Array.isArray(body) };
}
console.log(JSON.stringify(seen));
