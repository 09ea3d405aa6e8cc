#pragma once

#include <filesystem>
#include <functional>

#include "imaging/pacs/listen.h"
#include "imaging/pacs/tls.h"

namespace consilium::imaging {

/// Serves the association that comes over a connection, then returns. For a process of its own: it uses DCMTK's global for the
/// socket, and an alarm that ends the process when the caller does not get to an association in time.
/// Only for imaging/pacs/*.cpp.
void receive_association(int connection, const std::filesystem::path& folder, const ListenOptions& options, DcmTLSTransportLayer* tls, const std::function<void(const ListenEvent&)>& on_event);

}  // namespace consilium::imaging
