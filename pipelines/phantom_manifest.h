#pragma once

#include "base/settings.h"
#include "pipelines/phantom_site.h"

namespace consilium::pipelines {

/// What becomes of patients that an earlier run left in the output folder, when they are not those asked for.
enum class Earlier { kRefuse, kReplace };

/// Makes the patients unless the folder holds just these already, and returns the manifest, OUT/phantom.json.
///
/// The manifest is written last: a run that was interrupted is made again. It holds the request (profiles, seed, and all that
/// changes the bytes), so that anyone can make the same patients from it. kReplace removes the cases that the earlier manifest
/// names, nothing else.
/// @throws Error{kCannotWrite} the folder holds other patients (kRefuse), or a phantom.json that is not a manifest; as
/// write_phantom_sites.
Json make_phantom_sites(const PhantomRequest& request, Earlier earlier = Earlier::kRefuse);

}  // namespace consilium::pipelines
