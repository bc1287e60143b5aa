"""AWS Backup's exceptions, by what they say."""

from moto.core.exceptions import ServiceException


class BackupError(ServiceException):
    """An error of the AWS Backup API; `code` is the exception's name in botocore's model."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)


def invalid(message: str) -> BackupError:
    return BackupError("InvalidParameterValueException", message)


def missing(message: str) -> BackupError:
    return BackupError("MissingParameterValueException", message)


def not_found(message: str) -> BackupError:
    return BackupError("ResourceNotFoundException", message)


def already_exists(message: str) -> BackupError:
    return BackupError("AlreadyExistsException", message)


def refused(message: str) -> BackupError:
    """The parameters are right, but the state of things does not allow it."""
    return BackupError("InvalidRequestException", message)


def over_limit(message: str) -> BackupError:
    return BackupError("LimitExceededException", message)
