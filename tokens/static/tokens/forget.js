// Whatever credential stood in the address leaves the address bar and the history at once.
history.replaceState(null, "", location.pathname);
