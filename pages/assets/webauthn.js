// Talks to security keys and passkeys. The functions on `window` are those that pages written for
// Ory Kratos call; our own pages mark their buttons with data-webauthn and data-options instead,
// because their policy forbids scripts inside a page.
(function () {
  "use strict";
  if (window.__oryWebAuthnInitialized) return;
  window.__oryWebAuthnInitialized = true;

  function bytes(text) {
    var plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
    return Uint8Array.from(plain, function (c) { return c.charCodeAt(0); });
  }

  function text(buffer) {
    if (!buffer) return undefined;
    var plain = "";
    new Uint8Array(buffer).forEach(function (byte) { plain += String.fromCharCode(byte); });
    return btoa(plain).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  }

  function parsed(options) {
    var all = typeof options === "string" ? JSON.parse(options) : JSON.parse(JSON.stringify(options));
    // Kratos wraps the options of new passkeys in an object of their own.
    if (all.credentialOptions) all = all.credentialOptions;
    var key = all.publicKey;
    key.challenge = bytes(key.challenge);
    if (key.user) key.user.id = bytes(key.user.id);
    [key.allowCredentials, key.excludeCredentials].forEach(function (list) {
      (list || []).forEach(function (one) { one.id = bytes(one.id); });
    });
    return all;
  }

  function written(credential) {
    var response = credential.response;
    var said = { clientDataJSON: text(response.clientDataJSON) };
    ["attestationObject", "authenticatorData", "signature", "userHandle"].forEach(function (name) {
      if (response[name]) said[name] = text(response[name]);
    });
    if (response.getTransports) said.transports = response.getTransports();
    return JSON.stringify({
      id: credential.id,
      rawId: text(credential.rawId),
      type: credential.type,
      authenticatorAttachment: credential.authenticatorAttachment || undefined,
      clientExtensionResults: credential.getClientExtensionResults(),
      response: said,
    });
  }

  function field(name) {
    return document.querySelector('[name="' + name + '"]');
  }

  function submit(name, credential) {
    var input = field(name);
    input.value = written(credential);
    input.closest("form").submit();
  }

  function failed(error) {
    // Somebody who closes the browser's window has changed their mind.
    var told = document.getElementById("webauthn-problem");
    if (told) {
      told.hidden = false;
      told.scrollIntoView({ block: "center" });
    }
    if (window.console) console.warn("WebAuthn:", error && error.name);
  }

  function create(options, name) {
    return navigator.credentials.create(parsed(options))
      .then(function (credential) { submit(name, credential); })
      .catch(failed);
  }

  function get(options, name, more) {
    return navigator.credentials.get(Object.assign(parsed(options), more))
      .then(function (credential) { submit(name, credential); })
      .catch(failed);
  }

  // A conditional request is open while the page is; another one has to end it first.
  var waiting = null;

  function passkeyLogin(options) {
    if (waiting) waiting.abort();
    waiting = null;
    return get(options || field("passkey_challenge").value, "passkey_login");
  }

  function passkeyAutocomplete() {
    var challenge = field("passkey_challenge");
    var able = window.PublicKeyCredential && PublicKeyCredential.isConditionalMediationAvailable;
    if (!challenge || !challenge.value || !able) return Promise.resolve();
    return PublicKeyCredential.isConditionalMediationAvailable().then(function (yes) {
      if (!yes) return undefined;
      waiting = new AbortController();
      var more = { mediation: "conditional", signal: waiting.signal };
      return navigator.credentials.get(Object.assign(parsed(challenge.value), more))
        .then(function (credential) { submit("passkey_login", credential); })
        .catch(function () {});
    });
  }

  var calls = {
    oryWebAuthnLogin: function (options) { return get(options, "webauthn_login"); },
    oryWebAuthnRegistration: function (options) { return create(options, "webauthn_register"); },
    oryPasskeyLogin: passkeyLogin,
    oryPasskeyLoginAutocompleteInit: passkeyAutocomplete,
    oryPasskeyRegistration: function (options) {
      return create(options || field("passkey_create_data").value, "passkey_register");
    },
    oryPasskeySettingsRegistration: function (options) {
      return create(options || field("passkey_create_data").value, "passkey_settings_register");
    },
  };
  Object.keys(calls).forEach(function (name) {
    window[name] = calls[name];
    window["__" + name] = calls[name];
  });

  function ready() {
    document.querySelectorAll("[data-webauthn]").forEach(function (button) {
      button.hidden = false;
      button.addEventListener("click", function () {
        var call = calls[button.getAttribute("data-webauthn")];
        if (call) call(button.getAttribute("data-options") || undefined);
      });
    });
    document.querySelectorAll("[data-webauthn-load]").forEach(function (input) {
      var call = calls[input.getAttribute("data-webauthn-load")];
      if (call) call();
    });
  }
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", ready);
  else ready();
})();
