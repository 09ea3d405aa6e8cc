#pragma once

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmnet/dcompat.h>
#include <dcmtk/dcmnet/assoc.h>
#include <dcmtk/dcmtls/tlslayer.h>

#include <memory>

#include "imaging/pacs/peer.h"

namespace consilium::imaging {

/// A TLS layer that demands a certificate of the other side. Only for imaging/pacs/*.cpp.
/// DCMTK checks that the certificate comes from the authority, not that it names the host.
/// @throws Error{kNotFound}, Error{kCorruptData} naming the file.
std::unique_ptr<DcmTLSTransportLayer> make_tls_layer(const PacsTls& tls, T_ASC_NetworkRole role);

}  // namespace consilium::imaging
