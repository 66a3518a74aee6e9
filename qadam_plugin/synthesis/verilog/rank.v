// A rank of pipeline registers that a parameter can leave out.
//   d     WIDTH, in
//   load  1, in    the registers take d at the rising edge where load is high; they hold otherwise
//   q     WIDTH, out
// PRESENT 0: no registers, q is d.
module rank #(
    parameter WIDTH = 8,
    parameter PRESENT = 1
) (
    input              clk,
    input              load,
    input  [WIDTH-1:0] d,
    output [WIDTH-1:0] q
);
    generate
        if (PRESENT != 0) begin : registers
            reg [WIDTH-1:0] state;
            always @(posedge clk) if (load) state <= d;
            assign q = state;
        end else begin : wires
            assign q = d;
        end
    endgenerate
endmodule
