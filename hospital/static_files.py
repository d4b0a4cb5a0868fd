"""Where the browser's files are collected, under names that change with their content."""

from django.contrib.staticfiles.storage import HashedFilesMixin
from whitenoise.storage import CompressedManifestStaticFilesStorage

# Django offers to rewrite the imports of every module or of none.
_, IMPORTS = vars(HashedFilesMixin)["_js_module_import_aggregation_patterns"]


class StaticFilesStorage(CompressedManifestStaticFilesStorage):
    """Rewrites the imports between our own script modules too, so that an upgrade replaces all of them at once.

    Only ours: modules that other packages bring along name files which they do not bring.
    """

    patterns = (*HashedFilesMixin.patterns, ("js/*.js", IMPORTS))
