// Starts a hosted messenger instead of the built-in one. What it is told about the person stands in
// the page, signed by the server. Intercom and Chatwoot are known by what their scripts define.

const { script: address, app, person, organization } = JSON.parse(
  document.getElementById("hosted-messenger").textContent,
);

window.intercomSettings = {
  app_id: app,
  ...(person && {
    user_id: person.id,
    email: person.email,
    name: person.name,
    user_hash: person.hash,
  }),
  ...(organization && { company: { company_id: organization.id, name: organization.name } }),
};

window.addEventListener("chatwoot:ready", () => {
  if (person) {
    window.$chatwoot.setUser(person.id, {
      email: person.email,
      name: person.name,
      identifier_hash: person.hash,
      ...(organization && { company_name: organization.name }),
    });
  }
});

const script = document.createElement("script");
script.src = address;
script.async = true;
script.addEventListener("load", () => {
  window.chatwootSDK?.run({ websiteToken: app, baseUrl: new URL(address).origin });
  window.Intercom?.("boot", window.intercomSettings);
});
document.head.append(script);
