// A browser application's client: the token from storage on every call, out on 401.
import axios from "axios";

const storage = new Map([["accessToken", process.env.WEIYU_TOKEN]]);
const seen = { loggedOut: false, titles: [] };
const api = axios.create({ baseURL: process.env.WEIYU_URL, timeout: 10_000 });

api.interceptors.request.use((config) => {
  const token = storage.get("accessToken");
  if (token && config.url?.startsWith("/api")) {
    config.headers.Authorization = `Bearer ${token}`;
  }
  return config;
});
api.interceptors.response.use(undefined, (error) => {
  if (error.response?.status === 401) {
    storage.delete("accessToken");
    seen.loggedOut = true;
  }
  return Promise.reject(error);
});

try {
  const { data: created } = await api.post("/api/tickets/create", {
    title: "New",
    content: "From axios",
    priority: "medium",
  });
  const { data: changed } = await api.put(`/api/tickets/${created.id}`, { title: "Newer" });
  const { data: list } = await api.get("/api/tickets/list");
  seen.listed = Array.isArray(list) && list.some((ticket) => ticket.id === created.id);
  const { data: deleted } = await api.delete(`/api/tickets/${created.id}`);
  seen.titles = [created.title, changed.title, deleted.title];
  seen.profile = (await api.get("/api/user/profile")).data.username;
} catch (error) {
  if (!error.response) throw error;
  seen.status = error.response.status;
}
console.log(JSON.stringify(seen));
