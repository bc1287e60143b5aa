"""Why a function could not be invoked at all; what its own code does wrong is an `Invocation`."""


class InvokeError(Exception):
    """Lambda's answer to an Invoke that reaches no handler; `code` and `status` are Lambda's."""

    code = "ServiceException"
    status = 500


class NotRunnableError(InvokeError):
    """This machine cannot run the function as it is deployed; the message says the cure."""

    code = "InvalidRuntimeException"
    status = 502


class RoleError(InvokeError):
    """Lambda may not assume the function's role."""

    code = "AccessDeniedException"
    status = 403


class ThrottledError(InvokeError):
    """The function runs as often at once as its reserved concurrency allows."""

    code = "TooManyRequestsException"
    status = 429
