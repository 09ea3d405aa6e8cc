#pragma once

namespace consilium::imaging {

/// Fills DCMTK's data dictionary from a table in the program, unless DCMDICTPATH names another one. DCMTK by itself reads a text of 7,800 lines at its first use: 10 to 20 ms
/// of every command. Whoever comes to DCMTK first should call this first; later it does nothing that matters.
void load_dictionary();

}  // namespace consilium::imaging
