"""What a program does with `ory-kratos-client`, unmodified; started by tests/clients/mod.rs.

    client.py ADMIN PUBLIC EMAIL

Prints `session for ID` where it needs one, and reads its token from standard input.
"""

import sys

import ory_kratos_client as kratos
from ory_kratos_client.exceptions import ApiException


def refused(status, call, *args, **kwargs):
    """Calls what must be refused with this status."""
    try:
        call(*args, **kwargs)
    except ApiException as error:
        assert error.status == status, error
        return error
    raise AssertionError(f"{call.__name__} was not refused")


def main(admin_url, public_url, email):
    admin = kratos.ApiClient(kratos.Configuration(host=admin_url))
    public = kratos.ApiClient(kratos.Configuration(host=public_url))
    identities, frontend = kratos.IdentityApi(admin), kratos.FrontendApi(public)
    assert kratos.MetadataApi(admin).is_ready().status == "ok"
    assert kratos.MetadataApi(public).get_version().version

    # create
    password = kratos.IdentityWithCredentialsPasswordConfig(password="a stone bridge over the Nera")
    created = identities.create_identity(
        kratos.CreateIdentityBody(
            schema_id="social_user_v0",
            traits={"email": email, "name": "Ada Byron"},
            metadata_admin={"team": "engines"},
            credentials=kratos.IdentityWithCredentials(
                password=kratos.IdentityWithCredentialsPassword(config=password)
            ),
        )
    )
    assert created.state == "active" and created.traits["email"] == email
    assert created.verifiable_addresses[0].value == email
    body = kratos.CreateIdentityBody(schema_id="social_user_v0", traits={"email": email})
    refused(409, identities.create_identity, body)

    # list
    found = identities.list_identities(credentials_identifier=email)
    assert [one.id for one in found] == [created.id]
    assert created.id in [one.id for one in identities.list_identities(page_size=250)]
    assert identities.list_identities(credentials_identifier="nobody@example.com") == []
    page = identities.list_identities_with_http_info(page_size=1)
    assert len(page.data) == 1 and "link" in {name.lower() for name in page.headers}

    # get
    read = identities.get_identity(created.id, include_credential=["password"])
    assert read.credentials["password"].config["hashed_password"]
    assert read.metadata_admin == {"team": "engines"}
    assert read.created_at == created.created_at

    # patch, put
    replace = kratos.JsonPatch(op="replace", path="/traits/name", value="Ada Lovelace")
    assert identities.patch_identity(created.id, [replace]).traits["name"] == "Ada Lovelace"
    put = kratos.UpdateIdentityBody(
        schema_id="social_user_v0",
        state="active",
        traits={"email": email, "name": "Ada King"},
        metadata_public={"theme": "dark"},
    )
    assert identities.update_identity(created.id, put).metadata_public == {"theme": "dark"}
    forbidden = kratos.JsonPatch(op="replace", path="/id", value="x")
    refused(400, identities.patch_identity, created.id, [forbidden])

    # session
    print(f"session for {created.id}", flush=True)
    token = sys.stdin.readline().strip()
    session = frontend.to_session(x_session_token=token)
    assert session.active and session.identity.id == created.id
    assert session.identity.traits["name"] == "Ada King"
    assert session.authenticator_assurance_level == "aal1"
    assert session.authentication_methods[0].method == "password"
    assert [one.id for one in identities.list_identity_sessions(created.id)] == [session.id]
    shown = identities.get_session(session.id, expand=["identity", "devices"])
    assert shown.identity.id == created.id
    assert session.id in [one.id for one in identities.list_sessions(active=True)]
    assert frontend.list_my_sessions(x_session_token=token) == []
    identities.extend_session_without_preload_content(session.id)
    identities.disable_session(session.id)
    refused(401, frontend.to_session, x_session_token=token)
    assert not identities.get_session(session.id).active

    # recovery
    code = identities.create_recovery_code_for_identity(
        kratos.CreateRecoveryCodeForIdentityBody(identity_id=created.id, expires_in="1h")
    )
    assert len(code.recovery_code) == 6 and code.recovery_link.startswith("http")
    assert kratos.CourierApi(admin).list_courier_messages(page_size=10) == []
    schemas = [one.id for one in identities.list_identity_schemas()]
    assert "social_user_v0" in schemas
    assert identities.get_identity_schema("social_user_v0")["properties"]

    # delete
    identities.delete_identity(created.id)
    missing = refused(404, identities.get_identity, created.id)
    assert "Unable to locate the resource" in missing.body
    refused(404, identities.delete_identity, created.id)
    print("done", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
