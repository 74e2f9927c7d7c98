"""The example application. It lies here alone: whoever adopts Haven replaces this package (docs/adopting.md).

What the rest of Haven knows of it, by these names and nothing else:

========================  =================================================================
``TITLE``, ``ABOUT``      what the API's documentation and the first page say
``TRY``                   a path that anybody may get: `haven up` shows it, drills ask for it
``views.BLUEPRINTS``      its resources, a file each
``models``                its tables, for the migrations
``data.fill``             what `haven seed` puts into them
``tasks``                 what workers can do: the default of ``HAVEN_TASK_MODULES``
``events.register``       what the subscriber does when an event comes
``smoke.CHECKS``          what `haven smoke` tries of it
``journeys``              what the visitors of `haven load` do
========================  =================================================================

``app.api`` is no part of it: signing in, sessions, users, event streams, errors and documentation are there for every
application.
"""

from typing import Final

TITLE: Final = "Haven"
ABOUT: Final = "The example application."
TRY: Final = "/api/products/1"
