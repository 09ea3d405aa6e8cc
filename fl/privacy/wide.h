#pragma once

namespace consilium::fl {

/// Of GCC and Clang; every 64-bit platform that we build on has it.
__extension__ typedef unsigned __int128 Wide;

}  // namespace consilium::fl
