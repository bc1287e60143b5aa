"""The AWS endpoint as one WSGI application: who asks, for what, is it allowed, then moto."""

import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING

from werkzeug.wrappers import Response

from aws_sandbox.aws.authorizer import Authorizer
from aws_sandbox.aws.calls import Call, Signature, service_model, service_of
from aws_sandbox.aws.context import RequestContext, Services
from aws_sandbox.aws.dispatch import NoHandlerError, ServedRequest, dispatch
from aws_sandbox.aws.errors import AwsError, bad_credentials, response_of
from aws_sandbox.aws.extensions.s3 import is_lacking
from aws_sandbox.aws.installation import install
from aws_sandbox.aws.permissions import is_known
from aws_sandbox.aws.policy_checks import check_policies
from aws_sandbox.aws.sessions import CredentialsError
from aws_sandbox.control import PREFIX, ControlApi
from aws_sandbox.journal import JournalEntry

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

log = logging.getLogger(__name__)


class Endpoint:
    """AWS's API on one address, the sandbox's control calls beside it."""

    def __init__(self, services: Services, control: ControlApi) -> None:
        install()
        self._services = services
        self._control = control
        self._authorizer = Authorizer(services.access)

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        if environ["PATH_INFO"].startswith(PREFIX):
            return self._control(environ, start_response)
        return self._answer(environ)(environ, start_response)

    def _answer(self, environ: "WSGIEnvironment") -> Response:
        request = ServedRequest(environ)
        request.get_data()  # kept for moto, before a form is read from it
        protocol, service, asked = "rest-xml", "s3", f"{request.method} {request.path}"
        try:
            signature = Signature.of(request)
            service = asked = service_of(signature, request)
            protocol = str(service_model(service).protocol)
            call = Call.read(service, signature.region, request)
            protocol, asked = call.protocol, call.name
            return self._dispatch(call, signature, environ)
        except CredentialsError as error:
            refusal = bad_credentials(error.code, str(error), protocol, service)
        except AwsError as error:
            refusal = error
        except Exception as error:
            # Whatever the unfinished parts of moto stumble over, or ours.
            log.exception("%s", asked)
            what = f"the sandbox cannot answer {asked}: {type(error).__name__}: {error}"
            refusal = AwsError("NotImplemented", what, 501)
        self._services.journal.record(
            JournalEntry(source="client", target=asked, outcome="refused", reason=str(refusal))
        )
        return response_of(refusal, protocol, service)

    def _dispatch(self, call: Call, signature: Signature, environ: "WSGIEnvironment") -> Response:
        caller = self._services.sessions.caller(signature.access_key_id, signature.session_token)
        if signature.expires and signature.expires < self._services.clock():
            raise AwsError("AccessDenied", "Request has expired", 403)
        lacking = call.service == "s3" and is_lacking(call.operation)
        if lacking or not is_known(call.name):
            raise _unknown(call)
        account = self._authorizer.authorize(call, caller)
        check_policies(call)
        RequestContext(caller=caller, services=self._services).attach(environ)
        environ["HTTP_X_MOTO_ACCOUNT_ID"] = account
        try:
            response = dispatch(call.service, call.request)
        except (NoHandlerError, NotImplementedError) as error:
            raise _unknown(call) from error
        if response.status_code == 404 and not response.data and call.request.method != "HEAD":
            # So moto answers when it has a route but no method for an operation.
            raise _unknown(call)
        return response


def _unknown(call: Call) -> AwsError:
    return AwsError("NotImplemented", f"the sandbox does not know {call.name}", 501)
